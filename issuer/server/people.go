package server

import (
	"net/http"
	"time"
)

// person is an evidence.Person with the names that the API has for its fields.
type person struct {
	ID             string    `json:"id"`
	ExternalID     string    `json:"external_id"`
	UserName       string    `json:"user_name"`
	Active         bool      `json:"active"`
	Role           string    `json:"role"`
	GivenName      string    `json:"given_name"`
	FamilyName     string    `json:"family_name"`
	DisplayName    string    `json:"display_name"`
	Email          string    `json:"email"`
	Language       string    `json:"language"`
	EmployeeNumber string    `json:"employee_number"`
	Organization   string    `json:"organization"`
	Department     string    `json:"department"`
	ManagerID      string    `json:"manager_id"`
	Modified       time.Time `json:"modified,omitzero"`
}

type peoplePage struct {
	People []person `json:"people"`
	Next   string   `json:"next,omitempty"` // what to send as after; absent on the last page
}

func (s *Server) people(w http.ResponseWriter, r *http.Request) error {
	limit, err := pageLimit(r)
	if err != nil {
		return err
	}
	after, err := cursor(r)
	if err != nil {
		return err
	}
	found, err := s.config.Program.People(r.Context(), after, limit)
	if err != nil {
		return err
	}
	page := peoplePage{People: make([]person, 0, len(found))}
	for _, p := range found {
		page.People = append(page.People, person(p))
	}
	if len(found) == limit {
		page.Next = found[limit-1].ExternalID
	}
	return send(w, http.StatusOK, page)
}

func (s *Server) person(w http.ResponseWriter, r *http.Request) error {
	found, err := s.config.Program.Person(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, person(found))
}
