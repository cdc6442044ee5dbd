package qr

// Dictionary is what docs/gate-code.md has to show.
const Dictionary = dictionary
