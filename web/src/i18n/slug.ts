/** "field-service-representative" as people write it. */
export function spelled(slug: string): string {
  const spaced = slug.replaceAll('-', ' ')
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}
