package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/issuer/portrait"
)

func personPhotoCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var remove, asJSON bool
	c := &cobra.Command{
		Use:   "photo --dir DIR ID FILE",
		Short: "Give a person a portrait, or take it away",
		Long: `Give a person a portrait: a JPEG or PNG file. It is turned upright, scaled down and
encoded anew, so that nothing is left of what a camera writes beside the picture,
such as the place. Badges from now on name it; the phone fetches a new badge when
it next renews.

With --remove, badges from now on name none. Those that name it stay good, and it
stays reachable for 7 days, the longest that such a badge may live.`,
		Example: `  cyberbadge person photo --dir issuer 0700004 zoe.jpg
  cyberbadge person photo --dir issuer --remove 0700004`,
		Args: func(c *cobra.Command, given []string) error {
			if remove {
				return arguments("the person's id or external id")(c, given)
			}
			return arguments("the person's id or external id", "the picture's file")(c, given)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if remove {
				return r.withAPI(c.Context(), func(a *api) error { return removePhoto(c.Context(), a, args[0]) })
			}
			picture, err := readPicture(args[1])
			if err != nil {
				return err
			}
			return r.withAPI(c.Context(), func(a *api) error {
				raw, err := setPhoto(c.Context(), a, args[0], picture)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				return printPhoto(s.out, raw)
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&remove, "remove", false, "take the portrait away")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("remove", "json")
	return c
}

// readPicture reads no more of a file than a portrait may be made of.
func readPicture(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, misuseError{err}
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, portrait.MaxUpload+1))
}

func photoPath(person string) string { return "/v1/people/" + url.PathEscape(person) + "/portrait" }

// setPhoto returns the API's answer.
func setPhoto(ctx context.Context, a *api, person string, picture []byte) (json.RawMessage, error) {
	kind, err := portrait.Inspect(picture)
	if refused := (*portrait.RefusedError)(nil); errors.As(err, &refused) {
		return nil, errors.New(refused.Detail)
	}
	return a.read(ctx, http.MethodPut, photoPath(person), kind.MediaType(), bytes.NewReader(picture))
}

func removePhoto(ctx context.Context, a *api, person string) error {
	return a.call(ctx, http.MethodDelete, photoPath(person), "", nil, nil)
}

func printPhoto(w io.Writer, raw json.RawMessage) error {
	var made struct {
		URL           string `json:"url"`
		Width, Height int
		Size          int
	}
	if err := json.Unmarshal(raw, &made); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "portrait  %d × %d pixels, %d KiB\naddress   %s\n", made.Width, made.Height, (made.Size+1023)>>10, made.URL)
	return err
}
