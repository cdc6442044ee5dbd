// Package letter puts a message into words: English, French, German or Spanish,
// as text, as HTML and as lines for a chat room.
//
// The words are in templates/, one file for each language and kind of message,
// and one more for each language with what all kinds share. A file defines three
// blocks:
//
//	subject  the one thing to do and the date, on one line
//	what     what happened or will happen
//	next     what to do now
//
// They are plain text over the fields of [Words]; a block is one paragraph,
// whatever its line breaks. HTML is made of the finished paragraphs by html/template,
// so a name can't become markup, in whatever language it stands. The HTML loads
// nothing from anywhere.
//
// Nothing that somebody outside wrote is put into words here: of a customer's
// concern the letter says that there is one, and where to read it.
package letter
