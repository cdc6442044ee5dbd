// Package portrait turns pictures that people upload into portraits that a badge
// can name: small, upright, of one format, and with nothing in them but pixels.
//
//	taken, err := portrait.Take(upload)
//	taken.Bytes             // a JPEG of at most MaxWidth × MaxHeight
//	taken.Digest.Integrity() // the badge's picture#integrity
//	taken.Digest.Name()      // the last part of the badge's picture
//
// # What is taken
//
// JPEG and PNG, told by their first bytes and not by what somebody calls them.
// Whatever costs work is bounded before it is done: bytes ([MaxUpload]), pixels
// ([MaxPixels], read from the header, because a file of a few KB can hold an image
// of gigabytes) and the scans of a progressive JPEG ([MaxScans], each of which goes
// over the whole image in a few bytes). A picture that nobody could be told by is
// refused, too ([MinSide], [MaxRatio]). Every refusal is a [*RefusedError] that
// says what to do.
//
// # What is made of it
//
// The picture is turned upright as its EXIF orientation says, put on white where
// it is transparent, averaged down (never up), and encoded anew. So no metadata is
// left: no EXIF with the place where it was taken, no colour profile, no comment,
// no thumbnail of what was cut off, and nothing behind the end of the image. A
// picture in wide colours gets a little paler.
//
// The same upload gives the same bytes on every machine: all arithmetic is on
// integers. Another release of Go may encode differently, which only means that
// the same upload then gets another digest.
//
// # Names
//
// A portrait is named by the first [NameSize] bytes of its digest. That is the
// form which gate codes hold best: 16 bytes in the code, where a whole digest,
// which stands in picture#integrity beside it, would take 32 more. 128 bits can't
// be guessed, so that a portrait can be found by those alone who hold a badge that
// shows it. Whoever compares the picture compares its whole digest.
package portrait
