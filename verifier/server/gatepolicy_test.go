package server

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/sqlite"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

func TestBoth_AsksForWhatEachAsksFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ a, b, want verifier.Policy }{
		"nothing": {},
		"one side": {
			verifier.Policy{Roles: []string{"a"}, Organizations: []string{"o"}, Courses: []string{"c"}, Equipment: true},
			verifier.Policy{Name: true, Picture: true},
			verifier.Policy{Roles: []string{"a"}, Organizations: []string{"o"}, Courses: []string{"c"}, Equipment: true, Name: true, Picture: true},
		},
		"the other side": {
			verifier.Policy{},
			verifier.Policy{Roles: []string{"a"}, Organizations: []string{"o"}},
			verifier.Policy{Roles: []string{"a"}, Organizations: []string{"o"}},
		},
		"one of both lists, all of the courses": {
			verifier.Policy{Roles: []string{"a", "b", "c"}, Organizations: []string{"o", "p"}, Courses: []string{"x", "y"}},
			verifier.Policy{Roles: []string{"c", "d", "b"}, Organizations: []string{"p"}, Courses: []string{"y", "w"}},
			verifier.Policy{Roles: []string{"b", "c"}, Organizations: []string{"p"}, Courses: []string{"w", "x", "y"}},
		},
	} {
		got, err := both(c.a, c.b)
		if err != nil || !reflect.DeepEqual(got, c.want) && (len(got.Courses) > 0 || len(c.want.Courses) > 0 || got.Roles != nil) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestNew_ReportsWhatIsWrongAboutGates(t *testing.T) {
	t.Parallel()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: t.TempDir() + "/gates.db", Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	desk, err := gate.NewDesk(gate.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	register, err := visit.NewRegister(visit.Config{Store: store, Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	good := Config{
		Verifier: newVerifier(t, func(c *verifier.Config) { c.Policy = verifier.Policy{Roles: []string{"technician"}} }),
		Gates:    desk, Register: register,
		Policies: map[string]verifier.Policy{"all": {}, "some": {Roles: []string{"auditor", "technician"}}},
		Help:     Help{Text: strings.Repeat("h", MaxHelpText), Phone: strings.Repeat("1", MaxHelpPhone)},
		Address:  "https://gate.customer.example:8443",
	}
	if _, err := New(good); err != nil {
		t.Errorf("at every bound: %v", err)
	}
	for want, change := range map[string]func(*Config){
		"Help.Text has 513 bytes; 512 at most":   func(c *Config) { c.Help.Text += "h" },
		"Help.Phone has 65 bytes; 64 at most":    func(c *Config) { c.Help.Phone += "1" },
		"a Register but no Gates":                func(c *Config) { c.Gates = nil },
		`policy "auditors": no role meets it`:    func(c *Config) { c.Policies = map[string]verifier.Policy{"auditors": {Roles: []string{"auditor"}}} },
		`policy "any": an empty organization`:    func(c *Config) { c.Policies = map[string]verifier.Policy{"any": {Organizations: []string{""}}} },
		`a policy without a name`:                func(c *Config) { c.Policies = map[string]verifier.Policy{"": {}} },
		`Address: "http://gate.customer.example`: func(c *Config) { c.Address = "http://gate.customer.example" },
	} {
		config := good
		change(&config)
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCheckAddress_TakesOriginsWhereThereIsACamera(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"": true, "https://gate.customer.example": true, "https://10.0.0.1:8443": true,
		"http://127.0.0.1:8090": true, "http://localhost:8090": true, "http://[::1]:8090": true,
		"http://gate.customer.example": false, "http://10.0.0.1": false, "https://gate.customer.example/": false,
		"https://gate.customer.example/gate": false, "https://u@gate.customer.example": false, "https://": false,
		"gate.customer.example": false, "wss://gate.customer.example": false, "https://gate.customer.example?x": false,
	} {
		if err := CheckAddress(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}
