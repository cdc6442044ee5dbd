package scim

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
)

// peoplePage is how many people are read at once.
const peoplePage = 500

// user is a person as a resource.
type user struct{ evidence.Person }

func (u user) identity() string                     { return u.ID }
func (u user) times() (created, modified time.Time) { return time.Time{}, u.Modified }

// attributes says a person in the words of SCIM.
func (u user) attributes() object {
	o := object{"active": u.Active}
	put(o, "externalId", u.ExternalID)
	put(o, "userName", u.UserName)
	put(o, "displayName", u.DisplayName)
	put(o, "userType", u.Role)
	put(o, "preferredLanguage", u.Language)
	name := object{}
	put(name, "givenName", u.GivenName)
	put(name, "familyName", u.FamilyName)
	if len(name) > 0 {
		o["name"] = name
	}
	if u.Email != "" {
		o["emails"] = []any{object{"value": u.Email, "type": "work", primary: true}}
	}
	company := object{}
	put(company, "employeeNumber", u.EmployeeNumber)
	put(company, "organization", u.Organization)
	put(company, "department", u.Department)
	if u.ManagerID != "" {
		company["manager"] = object{"value": u.ManagerID}
	}
	if len(company) > 0 {
		o[EnterpriseSchema] = company
	}
	return o
}

func put(in object, name, value string) {
	if value != "" {
		in[name] = value
	}
}

// people are the users. Who has no userName is none: so are those who were
// deleted, and those of a file that gives no userName.
type people struct{ service *Service }

func (p people) directory() Directory { return p.service.config.Directory }

// visible passes a look-up on unless it found somebody who is no user.
func visible(found evidence.Person, err error) (user, error) {
	if err == nil && found.UserName == "" {
		err = ErrNotFound
	}
	return user{found}, err
}

func (p people) byID(ctx context.Context, id string) (user, error) {
	return visible(p.directory().Person(ctx, id))
}

func (p people) lookUp(ctx context.Context, attribute, value string) (found []user, possible bool, err error) {
	var one user
	switch attribute {
	case "id":
		one, err = p.byID(ctx, value)
	case "externalId":
		one, err = visible(p.directory().PersonByExternalID(ctx, value))
	case "userName":
		all, err := p.named(ctx, value)
		return all, true, err
	default:
		return nil, false, nil
	}
	if errors.Is(err, ErrNotFound) {
		return nil, true, nil
	}
	return []user{one}, true, err
}

func (p people) named(ctx context.Context, userName string) (found []user, err error) {
	if userName == "" {
		return nil, nil
	}
	all, err := p.directory().PeopleNamed(ctx, userName)
	for _, one := range all {
		found = append(found, user{one})
	}
	return found, err
}

func (p people) each(ctx context.Context, visit func(user) error) error {
	after := ""
	for {
		page, err := p.directory().People(ctx, after, peoplePage)
		if err != nil {
			return err
		}
		for _, one := range page {
			if one.UserName == "" {
				continue
			}
			if err := visit(user{one}); err != nil {
				return err
			}
		}
		if len(page) < peoplePage {
			return nil
		}
		after = page[len(page)-1].ExternalID
	}
}

func (p people) create(ctx context.Context, from *editor) (user, error) {
	o := from.document
	if err := needed(o); err != nil {
		return user{}, err
	}
	if err := p.free(ctx, o, evidence.Person{}); err != nil {
		return user{}, err
	}
	// Whoever is on record under the number and is no user comes back as one.
	known, err := p.directory().PersonByExternalID(ctx, o["externalId"].(string))
	switch {
	case err == nil:
		o["id"] = known.ID
	case !errors.Is(err, ErrNotFound):
		return user{}, err
	default:
		if o["id"], err = p.newID(ctx, from.proposed); err != nil {
			return user{}, err
		}
	}
	if _, said := o["active"]; !said {
		o["active"] = true
	}
	return p.save(ctx, known, o)
}

// plainID is an id that needs no quoting in an address.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}$`)

// newID takes the id that was proposed, if it will do. One that is somebody's
// externalId won't: the office finds people by either.
func (p people) newID(ctx context.Context, proposed string) (string, error) {
	if !plainID.MatchString(proposed) {
		return rand.Text(), nil
	}
	for _, lookUp := range []func(context.Context, string) (evidence.Person, error){p.directory().Person, p.directory().PersonByExternalID} {
		_, err := lookUp(ctx, proposed)
		if err == nil {
			return rand.Text(), nil
		}
		if !errors.Is(err, ErrNotFound) {
			return "", err
		}
	}
	return proposed, nil
}

func (p people) update(ctx context.Context, before user, to *editor, put bool) (user, error) {
	o := to.document
	if put {
		o["id"] = before.ID
		for name, value := range map[string]any{"active": before.Active, "externalId": before.ExternalID} {
			if _, said := o[name]; !said {
				o[name] = value
			}
		}
	}
	if err := needed(o); err != nil {
		return user{}, err
	}
	if err := p.free(ctx, o, before.Person); err != nil {
		return user{}, err
	}
	return p.save(ctx, before.Person, o)
}

// remove leaves the person on record, inactive and without a userName. RFC 7644,
// section 3.6, has the name free from then on.
func (p people) remove(ctx context.Context, gone user) error {
	o := gone.attributes()
	delete(o, "userName")
	o["id"], o["active"] = gone.ID, false
	_, err := p.save(ctx, gone.Person, o)
	return err
}

func needed(o object) error {
	if _, has := o["userName"]; !has {
		return Refuse(InvalidValue, "userName is missing. Send the name that the person signs in with.")
	}
	if _, has := o["externalId"]; !has {
		return Refuse(InvalidValue, "externalId is missing. Map to it the number by which training records name the person, for example the employee's.")
	}
	return nil
}

// free refuses a userName or externalId that is somebody else's. What stays as it
// was is not looked at again; before is the zero person for who is made anew.
func (p people) free(ctx context.Context, o object, before evidence.Person) error {
	if userName := o["userName"].(string); fold(userName) != fold(before.UserName) {
		named, err := p.named(ctx, userName)
		if err != nil {
			return err
		}
		if len(named) > 0 {
			return Refuse(Uniqueness, "There is a user with this userName. Change that one, or choose another name.")
		}
	}
	if externalID := o["externalId"].(string); externalID != before.ExternalID {
		return p.freeNumber(ctx, externalID, before.ID)
	}
	return nil
}

// freeNumber refuses an externalId that another person has, or that is another's id:
// the office finds people by either. Who is made anew, and has no id yet, may have
// that of somebody who is no user.
func (p people) freeNumber(ctx context.Context, externalID, id string) error {
	holder, err := p.directory().PersonByExternalID(ctx, externalID)
	if err == nil && (id != "" || holder.UserName != "") {
		return Refuse(Uniqueness, "There is a person with this externalId. Change that one, or correct the number.")
	}
	if err == nil || !errors.Is(err, ErrNotFound) {
		return err
	}
	_, err = p.directory().Person(ctx, externalID)
	if err == nil && externalID != id {
		return Refuse(Uniqueness, "The externalId is the id of another person. Map another attribute to it, or change that person.")
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// save takes a user's document in, unless it says of the person what is known.
func (p people) save(ctx context.Context, before evidence.Person, o object) (user, error) {
	o["meta"] = object{"resourceType": "User", "lastModified": p.service.now().Format(time.RFC3339Nano)}
	read, err := p.read(ctx, o)
	if err != nil {
		return user{}, err
	}
	after, same := read.Records[0], read.Records[0]
	same.Modified = before.Modified
	if same == before {
		if len(read.Portraits) == 0 {
			return user{before}, nil
		}
		after = before
	}
	if err := p.directory().Provision(ctx, after, read.Portraits); err != nil {
		return user{}, err
	}
	saved, err := p.directory().Person(ctx, after.ID)
	return user{saved}, err
}

// read has package source say who a document describes: one record, and at most
// one portrait. Nobody else changes anything meanwhile, so no two pictures are
// taken at once.
func (p people) read(ctx context.Context, o object) (read source.Result[evidence.Person], err error) {
	list, err := json.Marshal(object{"Resources": []any{o}})
	if err != nil {
		return read, err
	}
	if read, err = source.People(bytes.NewReader(list)); err != nil {
		return read, err
	}
	for _, problem := range read.Problems {
		if problem.Refused {
			return read, Refuse(InvalidValue, "%s.", problem.Message)
		}
		p.service.config.Logger.InfoContext(ctx, "provisioning has a notice", "person", o["id"], "notice", problem.Message)
	}
	if len(read.Records) != 1 {
		return read, errors.New("a user was read as none")
	}
	return read, nil
}
