package scim

import (
	"slices"
	"strings"
)

// Names of schemas (RFC 7643, section 8.7).
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

	schemaSchema       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	configSchema       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
)

// Names of messages (RFC 7644, section 8.2).
const (
	listMessage  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorMessage = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// Types of attributes that occur here (RFC 7643, section 2.3).
const (
	typeString    = "string"
	typeBoolean   = "boolean"
	typeDateTime  = "dateTime"
	typeReference = "reference"
	typeComplex   = "complex"
)

// attribute describes an attribute (RFC 7643, section 7).
type attribute struct {
	Name           string       `json:"name"`
	Type           string       `json:"type"`
	MultiValued    bool         `json:"multiValued"`
	Description    string       `json:"description"`
	Required       bool         `json:"required"`
	CaseExact      bool         `json:"caseExact"`
	Mutability     string       `json:"mutability"`
	Returned       string       `json:"returned"`
	Uniqueness     string       `json:"uniqueness"`
	ReferenceTypes []string     `json:"referenceTypes,omitempty"`
	SubAttributes  []*attribute `json:"subAttributes,omitempty"`

	lasting bool // it can be changed, but not taken away
	most    int  // values of a multi-valued one
}

func (a *attribute) readOnly() bool { return a.Mutability == "readOnly" }

// sub returns the sub-attribute of that name, in any capitals, or nil.
func (a *attribute) sub(name string) *attribute { return named(a.SubAttributes, name) }

// compared is what a filter compares that names the attribute alone: itself, or of
// a complex one its value. It is nil if there is none.
func (a *attribute) compared() *attribute {
	if a.Type == typeComplex {
		return a.sub("value")
	}
	return a
}

func named(list []*attribute, name string) *attribute {
	i := slices.IndexFunc(list, func(a *attribute) bool { return strings.EqualFold(a.Name, name) })
	if i < 0 {
		return nil
	}
	return list[i]
}

// schema is a set of attributes with a name.
type schema struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Attributes  []*attribute `json:"attributes"`
}

// resourceType is what a kind of resource consists of.
type resourceType struct {
	name       string
	endpoint   string
	core       schema
	extensions []schema
	// common are the attributes that resources have without their being in a
	// schema (RFC 7643, section 3.1).
	common []*attribute
}

func (t *resourceType) attribute(name string) *attribute {
	if a := named(t.common, name); a != nil {
		return a
	}
	return named(t.core.Attributes, name)
}

func (t *resourceType) extension(urn string) *schema {
	for i := range t.extensions {
		if strings.EqualFold(t.extensions[i].ID, urn) {
			return &t.extensions[i]
		}
	}
	return nil
}
