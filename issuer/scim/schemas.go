package scim

// text describes a string that may be written, of which capitals mean nothing.
func text(name, description string) *attribute {
	return &attribute{Name: name, Type: typeString, Description: description,
		Mutability: "readWrite", Returned: "default", Uniqueness: "none"}
}

func (a *attribute) exact() *attribute   { a.CaseExact = true; return a }
func (a *attribute) fixed() *attribute   { a.Mutability = "readOnly"; return a }
func (a *attribute) staying() *attribute { a.lasting = true; return a }

func (a *attribute) needed() *attribute {
	a.Required, a.lasting = true, true
	return a
}

func (a *attribute) unique() *attribute {
	a.Uniqueness = "server"
	return a
}

func (a *attribute) of(kind string) *attribute {
	a.Type = kind
	return a
}

func (a *attribute) with(parts ...*attribute) *attribute {
	a.Type, a.SubAttributes = typeComplex, parts
	return a
}

func (a *attribute) many(most int) *attribute {
	a.MultiValued, a.most = true, most
	return a
}

func truth(name, description string) *attribute { return text(name, description).of(typeBoolean) }

// common are the attributes of every resource. externalId is needed for people
// alone.
func common(externalID *attribute) []*attribute {
	id := text("id", "Names the resource for good. Assigned by this service.").exact().fixed().unique()
	id.Returned = "always"
	return []*attribute{
		id, externalID,
		text("schemas", "The schemas of the resource.").exact().fixed().of(typeReference).many(MaxValues),
		text("meta", "What this service says of the resource.").fixed().with(
			text("resourceType", "The kind of resource.").exact().fixed(),
			text("created", "When it was created.").fixed().of(typeDateTime),
			text("lastModified", "When it was changed last.").fixed().of(typeDateTime),
			text("location", "Where it is.").exact().fixed().of(typeReference),
			text("version", "Its entity tag.").exact().fixed(),
		),
	}
}

func userType() *resourceType {
	photos := text("photos", "Pictures as data: URLs. The best one becomes the person's portrait.").many(MaxValues).with(
		text("value", "The picture: data:image/jpeg;base64,…").exact().of(typeReference),
		text("type", "photo or thumbnail."),
		truth("primary", "Whether it is the one to take."),
	)
	photos.Mutability, photos.Returned = "writeOnly", "never"
	photos.SubAttributes[0].ReferenceTypes = []string{"external"}
	return &resourceType{
		name: "User", endpoint: "/Users",
		common: common(text("externalId", "The number by which training records name the person.").exact().unique().needed()),
		core: schema{ID: UserSchema, Name: "User", Description: "A person whom the program covers.", Attributes: []*attribute{
			text("userName", "The name that the person signs in with.").unique().needed(),
			text("name", "The parts of the person's name.").with(
				text("formatted", "The whole name, kept where there is no displayName."),
				text("familyName", "The family name."),
				text("givenName", "The given name."),
			),
			text("displayName", "The name as it is shown."),
			text("userType", "The person's role in the program."),
			text("preferredLanguage", "The language of letters to the person, such as de-CH."),
			truth("active", "Whether the person is employed and covered. False takes badges away.").staying(),
			text("emails", "Of several addresses the primary one is kept, else the one at work, else the first.").many(MaxValues).with(
				text("value", "The address."),
				text("type", "work, home or other."),
				truth("primary", "Whether it is the one to write to."),
			),
			photos,
		}},
		extensions: []schema{{ID: EnterpriseSchema, Name: "EnterpriseUser", Description: "The person's place in the company.", Attributes: []*attribute{
			text("employeeNumber", "The number that the employer has for the person."),
			text("organization", "The company."),
			text("department", "The department."),
			text("manager", "Who is told when the person's standing lapses.").with(
				text("value", "The id of the manager's User.").exact(),
			),
		}}},
	}
}

func groupType() *resourceType {
	member := text("value", "The id of the member.").exact()
	member.Mutability = "immutable"
	return &resourceType{
		name: "Group", endpoint: "/Groups",
		common: common(text("externalId", "What the sender calls the group.").exact()),
		core: schema{ID: GroupSchema, Name: "Group", Description: "A group of people. The program draws nothing from it.", Attributes: []*attribute{
			text("displayName", "The name as it is shown.").needed(),
			text("members", "Who is in the group.").many(MaxMembers).with(member),
		}},
	}
}
