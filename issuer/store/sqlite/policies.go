package sqlite

import (
	"context"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const policyColumns = "digest, text, effective, at, actor"

func scanPolicy(s scanner) (v store.PolicyVersion, err error) {
	err = s.Scan(&v.Digest, &v.Text, instant{&v.Effective}, instant{&v.At}, &v.By)
	return v, err
}

// Policies implements [store.PolicyReader].
func (r *Reader) Policies(ctx context.Context) ([]store.PolicyVersion, error) {
	all, err := queryAll(ctx, r.reads, scanPolicy, "SELECT "+policyColumns+" FROM policies ORDER BY effective, number")
	return described(all, err, "policies")
}

// ActivatePolicy implements [store.PolicyWriter].
func (s *Store) ActivatePolicy(ctx context.Context, v store.PolicyVersion) error {
	if err := v.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		_, err := t.Exec("INSERT INTO policies ("+policyColumns+") VALUES (?, ?, ?, ?, ?)",
			v.Digest, v.Text, micros(v.Effective), micros(v.At), v.By)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.record(v.At, v.By, store.PolicyActivated, v.Digest, struct {
			Effective time.Time `json:"effective"`
		}{kept(v.Effective)})
	})
	_, err = described(0, err, "activate policy %.64q", v.Digest)
	return err
}
