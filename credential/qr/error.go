package qr

import "github.com/cyberbadge/cyberbadge/credential/code"

// Details of these errors are for engineers and never repeat the input.

func tooLarge(format string, arguments ...any) error {
	return code.Refuse(code.FrameTooLarge, format, arguments...)
}

func malformed(format string, arguments ...any) error {
	return code.Refuse(code.FrameMalformed, format, arguments...)
}
