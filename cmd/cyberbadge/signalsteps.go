package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

// signalStep is one command that does something to a receiver.
type signalStep struct {
	name, short, long string
	disable           bool // has the switch
	reason            bool // takes one
	do                func(ctx context.Context, a *api, path string, body map[string]any, s streams) error
}

func signalPauseCommand(s streams) *cobra.Command {
	return signalStepCommand(s, signalStep{
		name: "pause", short: "Have a receiver's stream wait until it is resumed here",
		long: `Have a receiver's stream wait until it is resumed here. It is told so, with the reason,
and can't resume it by itself. What happens meanwhile is kept, 10,000 events at most
and for 7 days; with --disable it is not.`,
		disable: true, reason: true, do: postSignal("pause"),
	})
}

func signalResumeCommand(s streams) *cobra.Command {
	return signalStepCommand(s, signalStep{
		name: "resume", short: "Have a receiver's stream flow again", reason: true, do: postSignal("resume"),
	})
}

func postSignal(step string) func(context.Context, *api, string, map[string]any, streams) error {
	return func(ctx context.Context, a *api, path string, body map[string]any, _ streams) error {
		return a.post(ctx, path+"/"+step, body, nil)
	}
}

func signalResendCommand(s streams) *cobra.Command {
	return signalStepCommand(s, signalStep{
		name: "resend", short: "Try again what a receiver refused for good",
		do: func(ctx context.Context, a *api, path string, body map[string]any, s streams) error {
			var done struct {
				Signals int `json:"signals"`
			}
			if err := a.post(ctx, path+"/resend", body, &done); err != nil {
				return err
			}
			_, err := fmt.Fprintf(s.out, "%d are tried again\n", done.Signals)
			return err
		},
	})
}

func signalRemoveCommand(s streams) *cobra.Command {
	return signalStepCommand(s, signalStep{
		name: "remove", short: "Forget a receiver, with its stream, what waits on it, and its tokens",
		do: func(ctx context.Context, a *api, path string, _ map[string]any, _ streams) error {
			return a.call(ctx, http.MethodDelete, path, "", nil, nil)
		},
	})
}

func signalStepCommand(s streams, step signalStep) *cobra.Command {
	r := reach{streams: s}
	var reason string
	var disable bool
	c := &cobra.Command{
		Use: step.name + " --dir DIR NAME", Short: step.short, Long: step.long,
		Example: "  cyberbadge signal " + step.name + " --dir issuer plant-7",
		Args:    arguments("the receiver's name"),
		RunE: func(c *cobra.Command, given []string) error {
			body := map[string]any{}
			if step.reason {
				body["reason"] = reason
			}
			if step.disable {
				body["disable"] = disable
			}
			return r.withAPI(c.Context(), func(a *api) error {
				return step.do(c.Context(), a, "/v1/signals/"+url.PathEscape(given[0]), body, s)
			})
		},
	}
	r.flags(c)
	if step.reason {
		c.Flags().StringVar(&reason, "reason", "", "why; the receiver is told")
	}
	if step.disable {
		c.Flags().BoolVar(&disable, "disable", false, "keep nothing for it meanwhile, and give up what waits")
	}
	return c
}

func signalKeyCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	c := &cobra.Command{
		Use:   "key --dir DIR",
		Short: "Make another RSA key, which signs events for receivers of RS256 from now on",
		Long: `Make another RSA key, which signs events for receivers of RS256 from now on. Receivers
fetch it when they meet a signature that they do not know. The keys before stay
published until their files are taken out of the issuer's folder; what waits is signed
when it is sent. The first one is made with the first receiver that needs it.

Keys for ES256 are prepared and activated like all others: keys prepare --for signal.`,
		Example: `  cyberbadge signal key --dir issuer`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				return a.post(c.Context(), "/v1/signal-keys", map[string]any{}, nil)
			})
		},
	}
	r.flags(c)
	return c
}
