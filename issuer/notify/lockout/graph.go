package lockout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clientcredentials"
	"github.com/cyberbadge/cyberbadge/internal/microsoft"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/internal/reply"
)

// GraphConfig is what [Graph] needs. The application's permissions are
// DeviceManagementManagedDevices.Read.All,
// DeviceManagementManagedDevices.PrivilegedOperations.All, Device.ReadWrite.All
// and User.RevokeSessions.All.
type GraphConfig struct {
	Tenant       string // the tenant's id or domain
	ClientID     string
	ClientSecret string
	GraphURL     string // empty means microsoft.DefaultGraphURL
	LoginURL     string // empty means microsoft.DefaultLoginURL
	Client       *outbound.Client
	Now          func() time.Time
}

// Graph locks devices that Intune manages. It is safe for concurrent use.
type Graph struct {
	application *microsoft.Application
	client      *outbound.Client
	now         func() time.Time
}

var _ Locker = (*Graph)(nil)

// NewGraph checks cfg and reports all that is wrong with it. It calls nobody.
func NewGraph(cfg GraphConfig) (*Graph, error) {
	cfg.Now = clockOr(cfg.Now)
	application, err := microsoft.New("lockout: graph", microsoft.Config(cfg))
	if err != nil {
		return nil, err
	}
	return &Graph{application, cfg.Client, cfg.Now}, nil
}

// managed is what Graph says about a device now.
type managed struct {
	UserID        string `json:"userId"`
	EntraDeviceID string `json:"azureADDeviceId"`
	OS            string `json:"operatingSystem"`
}

// Lock implements [Locker].
func (g *Graph) Lock(ctx context.Context, o Order) (Receipt, error) {
	device, err := g.read(ctx, o)
	if err != nil {
		return Receipt{}, err
	}
	if !strings.EqualFold(device.UserID, o.Person) {
		return Receipt{}, notify.Permanent(errors.New("lockout: Microsoft Graph has the device as somebody else's; nothing was locked"))
	}
	switch platformOf(device.OS) {
	case windows:
		if err := g.enable(ctx, device, false); err != nil {
			return Receipt{}, err
		}
		if err := g.call(ctx, http.MethodPost, "/users/"+device.UserID+"/revokeSignInSessions", nil, nil); err != nil {
			return Receipt{}, err
		}
	case mac, mobile:
		if err := g.call(ctx, http.MethodPost, managedPath(o)+"/remoteLock", nil, nil); err != nil {
			return Receipt{}, err
		}
	default:
		return Receipt{}, notify.Permanent(fmt.Errorf("lockout: Microsoft Graph locks no device with %.40q", device.OS))
	}
	return Receipt{Did: done(notify.Lock, device.OS)}, nil
}

// Unlock implements [Locker].
func (g *Graph) Unlock(ctx context.Context, o Order) (Receipt, error) {
	device, err := g.read(ctx, o)
	if err != nil {
		return Receipt{}, err
	}
	if platformOf(device.OS) != windows {
		return Receipt{Manual: byHand(device.OS)}, nil
	}
	if err := g.enable(ctx, device, true); err != nil {
		return Receipt{}, err
	}
	return Receipt{Did: done(notify.Unlock, device.OS)}, nil
}

// Plan implements [Locker].
func (g *Graph) Plan(kind notify.Kind, o Order) []string {
	if steps := done(kind, o.OS); len(steps) > 0 {
		return steps
	}
	if kind == notify.Unlock {
		return []string{byHand(o.OS)}
	}
	return []string{"nothing: Microsoft Graph locks no device with this system"}
}

// done are the steps in words.
func done(kind notify.Kind, os string) []string {
	switch p := platformOf(os); {
	case p == windows && kind == notify.Lock:
		return []string{"disable the device in Entra ID", "revoke the user's sign-in sessions"}
	case p == windows:
		return []string{"enable the device in Entra ID"}
	case p != otherPlatform && kind == notify.Lock:
		return []string{"lock the device through Intune"}
	}
	return nil
}

func byHand(os string) string {
	if platformOf(os) == mac {
		return "the Mac asks for the PIN that Intune shows; give it to the person"
	}
	return "the person unlocks it with the passcode"
}

func managedPath(o Order) string { return "/deviceManagement/managedDevices/" + o.Device.ID }

func (g *Graph) read(ctx context.Context, o Order) (managed, error) {
	if !plainID(o.Device.ID) {
		return managed{}, notify.Permanent(errID)
	}
	var device managed
	query := "?$select=" + url.QueryEscape("id,userId,azureADDeviceId,operatingSystem")
	if err := g.call(ctx, http.MethodGet, managedPath(o)+query, nil, &device); err != nil {
		return managed{}, err
	}
	if platformOf(device.OS) == windows && (!plainID(device.EntraDeviceID) || device.UserID != "" && !plainID(device.UserID)) {
		return managed{}, notify.Permanent(errID)
	}
	return device, nil
}

func (g *Graph) enable(ctx context.Context, d managed, enabled bool) error {
	return g.call(ctx, http.MethodPatch, "/devices(deviceId='"+d.EntraDeviceID+"')", map[string]bool{"accountEnabled": enabled}, nil)
}

// call makes one call with a token, and once more with a fresh one when the token
// is refused: it may have been revoked before its time.
func (g *Graph) call(ctx context.Context, method, path string, body, into any) error {
	refused := ""
	for {
		token, err := g.token(ctx, refused)
		if err != nil {
			return err
		}
		response, err := g.send(ctx, token, method, path, body)
		if err == nil && response.Status == http.StatusUnauthorized {
			if refused == "" {
				refused = token
				continue
			}
			// The next try may find the permissions in place.
			return errors.New("lockout: Microsoft Graph refused a fresh token; check the application's permissions")
		}
		if err := reply.Judge("Microsoft Graph", response, err, g.now()); err != nil {
			return err
		}
		return decode(response, into)
	}
}

// token says of what went wrong whether it is worth trying again.
func (g *Graph) token(ctx context.Context, refused string) (string, error) {
	token, err := g.application.Token(ctx, refused)
	if err == nil || errors.Is(err, clientcredentials.ErrNoToken) {
		return token, err
	}
	var no *clientcredentials.StatusError
	if !errors.As(err, &no) {
		return "", reply.Judge("the sign-in service", outbound.Response{}, err, g.now())
	}
	if status := no.Response.Status; status >= 400 && status < 500 && status != http.StatusTooManyRequests {
		return "", notify.Permanent(fmt.Errorf("lockout: the sign-in service refused our credential (%s)", no.Reason()))
	}
	return "", reply.Judge("the sign-in service", no.Response, nil, g.now())
}

func (g *Graph) send(ctx context.Context, token, method, path string, body any) (outbound.Response, error) {
	header := http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/json"}}
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return outbound.Response{}, err
		}
		header.Set("Content-Type", "application/json")
	}
	return g.client.Do(ctx, outbound.Request{Method: method, URL: g.application.GraphURL + "/v1.0" + path, Header: header, Body: text})
}

func decode(response outbound.Response, into any) error {
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(response.Body, into); err != nil {
		return errors.New("lockout: the device manager's answer is not what it should be")
	}
	return nil
}
