package main

import (
	"context"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/sample/face"
)

// demoOther is whom the commands that the demonstration suggests are about.
const demoOther = "0700004"

// drawPortraits gives people of the sample program portraits, which are drawn:
// they do not exist.
func drawPortraits(ctx context.Context, office *api, people ...string) error {
	slices.Sort(people)
	for _, person := range slices.Compact(people) {
		picture, err := face.PNG(person)
		if err != nil {
			return err
		}
		if _, err := setPhoto(ctx, office, person, picture); err != nil {
			return err
		}
	}
	return nil
}
