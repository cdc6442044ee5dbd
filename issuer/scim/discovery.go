package scim

import (
	"net/http"
	"strings"
)

// serviceProviderConfig says what is provided (RFC 7643, section 5).
func (s *Service) serviceProviderConfig(w http.ResponseWriter, _ *http.Request) error {
	supported := func(yes bool) object { return object{"supported": yes} }
	return send(w, http.StatusOK, object{
		"schemas":        []string{configSchema},
		"patch":          supported(true),
		"bulk":           object{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter":         object{"supported": true, "maxResults": MaxCount},
		"changePassword": supported(false),
		"sort":           supported(false),
		"etag":           supported(true),
		"authenticationSchemes": []object{{
			"type": "oauthbearertoken", "name": "API token", "primary": true,
			"description": "Authorization: Bearer, with a token of the program office that has the scope scim.",
		}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": s.config.URL + "/ServiceProviderConfig"},
	})
}

func (s *Service) resourceTypes(w http.ResponseWriter, r *http.Request) error {
	var all []any
	for _, t := range s.types {
		all = append(all, s.describe(t))
	}
	return everything(w, r, all)
}

func (s *Service) resourceType(w http.ResponseWriter, r *http.Request) error {
	for _, t := range s.types {
		if strings.EqualFold(t.name, r.PathValue("id")) {
			return send(w, http.StatusOK, s.describe(t))
		}
	}
	return ErrNotFound
}

// describe is RFC 7643, section 6.
func (s *Service) describe(t *resourceType) object {
	extensions := []object{}
	for _, x := range t.extensions {
		extensions = append(extensions, object{"schema": x.ID, "required": false})
	}
	return object{
		"schemas": []string{resourceTypeSchema}, "id": t.name, "name": t.name, "endpoint": t.endpoint,
		"description": t.core.Description, "schema": t.core.ID, "schemaExtensions": extensions,
		"meta": object{"resourceType": "ResourceType", "location": s.config.URL + "/ResourceTypes/" + t.name},
	}
}

// described is a schema as it is answered (RFC 7643, section 7).
type described struct {
	Schemas []string `json:"schemas"`
	schema
	Meta object `json:"meta"`
}

func (s *Service) describedSchemas() (all []described) {
	for _, t := range s.types {
		for _, x := range append([]schema{t.core}, t.extensions...) {
			all = append(all, described{[]string{schemaSchema}, x,
				object{"resourceType": "Schema", "location": s.config.URL + "/Schemas/" + x.ID}})
		}
	}
	return all
}

func (s *Service) schemas(w http.ResponseWriter, r *http.Request) error {
	var all []any
	for _, x := range s.describedSchemas() {
		all = append(all, x)
	}
	return everything(w, r, all)
}

func (s *Service) schema(w http.ResponseWriter, r *http.Request) error {
	for _, x := range s.describedSchemas() {
		if strings.EqualFold(x.ID, r.PathValue("id")) {
			return send(w, http.StatusOK, x)
		}
	}
	return ErrNotFound
}

// everything answers with a whole list. RFC 7644, section 4, has filters refused:
// whoever looks for something here has to see all there is.
func everything(w http.ResponseWriter, r *http.Request, all []any) error {
	if r.URL.Query().Get("filter") != "" {
		return &Error{Status: http.StatusForbidden, Detail: "This list takes no filter."}
	}
	return send(w, http.StatusOK, listResponse{[]string{listMessage}, len(all), 1, len(all), all})
}
