package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/verifier/grant/webhook"
)

// endedSection is whom a service tells, beside its gates, that what a decision allowed
// must not last: nobody without webhooks.
type endedSection struct {
	Webhooks []endedReceiver `yaml:"webhooks"`
	Network  networkSection  `yaml:"network"`
}

// endedReceiver is one receiver of signed webhooks. While the secret is changed, both
// sign.
type endedReceiver struct {
	URL        string        `yaml:"url"`
	Secret     config.Secret `yaml:"secret"`
	NextSecret config.Secret `yaml:"next_secret"`
}

// endings makes what tells other systems of endings; nil when nobody is told. Its
// errors are those of the configuration.
func (f *verifierFolder) endings(logger *slog.Logger) (*webhook.Sender, error) {
	settings := f.config.Ended
	if len(settings.Webhooks) == 0 {
		return nil, nil
	}
	fail := func(err error) (*webhook.Sender, error) {
		return nil, misuse("%s: verifier.ended: %w", f.file(verifierConfigFile), err)
	}
	roots, err := authorities(f.file(settings.Network.CAFile))
	if err != nil {
		return fail(fmt.Errorf("network.ca_file: %w", err))
	}
	client, err := outbound.New(settings.Network.rules(roots))
	if err != nil {
		return fail(err)
	}
	var problems []error
	receivers := make([]webhook.Receiver, len(settings.Webhooks))
	for i, each := range settings.Webhooks {
		secrets, err := webhookSecrets(each.Secret, each.NextSecret)
		if err != nil {
			problems = append(problems, fmt.Errorf("webhooks: receiver %d: %w", i+1, err))
		}
		receivers[i] = webhook.Receiver{URL: each.URL, Secrets: secrets}
	}
	if err := errors.Join(problems...); err != nil {
		return fail(err)
	}
	sender, err := webhook.New(webhook.Config{Receivers: receivers, Client: client, Now: f.now, Logger: logger})
	if err != nil {
		return fail(fmt.Errorf("webhooks: %w", err))
	}
	return sender, nil
}

// telling delivers webhooks until stop is called, which waits for those under way.
func telling(sender *webhook.Sender) (stop func() error) {
	if sender == nil {
		return func() error { return nil }
	}
	return beside(func(ctx context.Context) error { sender.Run(ctx); return nil })
}
