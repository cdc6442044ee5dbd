package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cyberbadge/cyberbadge/issuer/sample/face"
)

// drawFace writes a picture of somebody:
//
//	face ID FILE
func drawFace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: face ID FILE")
	}
	picture, err := face.PNG(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), picture, 0o600))
}
