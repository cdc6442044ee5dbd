// Package face draws portraits of people who do not exist, for the sample program:
//
//	picture, err := face.PNG(person.ID)
//
// A face is put together out of plain shapes and is plainly a drawing, so that
// nobody takes it for a photo of somebody. What it looks like comes from the hash
// of the id alone, and so stays the same; it has nothing to do with the name, the
// sex or the origin that somebody might read out of a record.
package face
