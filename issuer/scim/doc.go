// Package scim is a SCIM 2.0 service provider (RFC 7643, RFC 7644): identity
// providers create, change and deactivate the program's people through it.
//
// [New] makes a [Service] over a [Directory], and [Service.Routes] are its
// addresses for a server to mount below one base address:
//
//	/Users, /Users/{id}       people, with the enterprise extension
//	/Groups, /Groups/{id}     groups, if something keeps them
//	/ServiceProviderConfig, /ResourceTypes, /Schemas, and the base itself
//
// The package does not authenticate anybody, and knows no database: what a User
// means to the program is decided by package source, which reads the users of a
// file, too, and what becomes of a change by the [Directory].
//
// # A user
//
// A User is an evidence.Person who has a userName. What a person has no room for,
// telephone numbers or a title, is taken without complaint and not kept; [Service]
// lists under /Schemas only what it keeps. A password is never kept, and a photo
// goes into the program as a portrait and is not shown again.
//
//   - id is drawn here, and never given to another person. A POST may propose one,
//     although RFC 7643 leaves it to us: device managers name people by the id
//     that the directory has for them, and so the devices find their person. It is
//     taken if it is plain and free, else passed over.
//   - externalId is required and unique: training records name people by it. With
//     Entra, map the attribute that the learning system knows, such as employeeId;
//     Okta sends its own user id.
//   - userName is unique, in whatever capitals.
//   - active false is what takes badges away. A PUT that says nothing of it leaves
//     it as it was, because silence must neither hire nor dismiss; a POST that says
//     nothing makes an active person.
//   - manager is kept whether or not somebody has that id, and in a circle, too.
//   - meta.version is a weak entity tag, the hash of all that is kept. A change
//     that changes nothing writes nothing and leaves it as it was.
//
// DELETE makes the person inactive and takes the userName away. Evidence, badges
// and the record stay; SCIM knows the person no more (404), and the userName is
// free. A POST with the same externalId is a re-hire: the person comes back under
// the id of before. The same brings people in who came by file and have no userName.
//
// # Dialects
//
// What Entra and Okta send is taken as it is meant: operations in any capitals,
// values without a path, dotted and urn-prefixed keys, booleans as text, a manager
// as a plain string, members to remove given as a value instead of a filter, and
// replacing an email that is not there. Names of attributes may have any
// capitals, but none may come twice.
//
// Not provided: Bulk, sorting (lists are in the order of externalId), POST
// /.search, /Me.
//
// # Concurrency
//
// Changes of users through one [Service] happen one after another, and those of
// groups, too, so that If-Match and uniqueness hold between them. They do not hold
// against what reaches the program by another way at the same instant: of two
// changes to one person the later wins.
package scim
