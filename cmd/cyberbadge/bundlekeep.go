package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

const (
	// lookForBundles is how often a service looks whether somebody imported a bundle.
	lookForBundles = time.Second
	// defaultBundleEvery is how often a trust bundle is fetched, and minBundleEvery how
	// often it may be.
	defaultBundleEvery = 5 * time.Minute
	minBundleEvery     = time.Second
)

// keepBundles takes the bundles that come while the service runs, those that somebody
// imports and those that are fetched, until the function that it returns is called.
func (f *verifierFolder) keepBundles(ctx context.Context, v *verifier.Verifier, fetcher *fetch.Client, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	for _, section := range f.roots {
		root, err := section.root()
		if err != nil {
			continue // the verifier was not made, then
		}
		k := bundleKeeper{f, v, f.shelf(root.Key), logger}
		tasks.Go(func() { k.watch(ctx) })
		if section.URL != "" && fetcher != nil {
			tasks.Go(func() { k.follow(ctx, fetcher, section) })
		}
	}
	return func() {
		cancel()
		tasks.Wait()
	}
}

// bundleKeeper keeps the bundles of one root key.
type bundleKeeper struct {
	folder   *verifierFolder
	verifier *verifier.Verifier
	shelf    bundleShelf
	logger   *slog.Logger
}

// watch takes what is imported.
func (k bundleKeeper) watch(ctx context.Context) {
	tick := time.NewTicker(lookForBundles)
	defer tick.Stop()
	var refused uint64 // what can't be taken is said once
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		held, err := k.shelf.newest()
		if err == nil && held.number > max(k.number(), refused) {
			err = k.take(ctx, held)
			if err != nil {
				refused = held.number
			}
		}
		if err != nil {
			k.logger.ErrorContext(ctx, "bundle not taken", "code", code.Of(err), "error", err)
		}
	}
}

// number is that of the bundle that decisions rest on.
func (k bundleKeeper) number() uint64 {
	for _, held := range k.verifier.Bundles() {
		if held.Root == k.shelf.key {
			return held.Number
		}
	}
	return 0
}

func (k bundleKeeper) take(ctx context.Context, file heldFile) error {
	text, err := file.read()
	if err != nil {
		return err
	}
	held, err := k.verifier.UseBundle(text)
	if err != nil {
		return err
	}
	k.logger.InfoContext(ctx, "bundle taken", "issuer", held.Issuer, "number", held.Number, "issued", held.IssuedAt, "expires", held.Expires)
	return nil
}

// follow fetches the issuer's trust bundle again and again.
func (k bundleKeeper) follow(ctx context.Context, fetcher *fetch.Client, section rootSection) {
	every := section.Every
	if every == 0 {
		every = defaultBundleEvery
	}
	etag := ""
	for {
		next, err := k.fetch(ctx, fetcher, section.URL, etag)
		switch {
		case err == nil:
			etag = next
		case ctx.Err() == nil:
			k.logger.WarnContext(ctx, "trust bundle not fetched", "url", section.URL, "code", code.Of(err), "error", err)
		}
		select {
		// Not all verifiers that lost power at once ask at once.
		case <-time.After(every/2 + rand.N(every)):
		case <-ctx.Done():
			return
		}
	}
}

func (k bundleKeeper) fetch(ctx context.Context, fetcher *fetch.Client, address, etag string) (string, error) {
	text, etag, err := fetcher.FetchBundle(ctx, address, etag)
	if err != nil || text == "" {
		return etag, err
	}
	held, err := k.verifier.UseBundle(text)
	if err != nil {
		return "", err
	}
	return etag, k.shelf.keep(held.Number, text)
}

// portraitName is what a portrait is called in its address: the first half of its
// digest.
func portraitName(picture []byte) string {
	sum := sha256.Sum256(picture)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// bundlePictures has the portraits that came in bundles, and asks the network for
// others where there is one. Whoever shows one compares its digest.
type bundlePictures struct {
	folder string
	others verifierserver.PictureFetcher // nil: there is no network
}

// FetchPicture implements [verifierserver.PictureFetcher].
func (p bundlePictures) FetchPicture(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	// A name of these characters leads nowhere else.
	if name := path.Base(u.Path); name != "" && jose.IsBase64url(name) {
		content, err := readBounded(filepath.Join(p.folder, name), bundle.MaxPortrait)
		if err == nil {
			return content, nil
		}
	}
	if p.others == nil {
		return nil, os.ErrNotExist
	}
	return p.others.FetchPicture(ctx, address)
}
