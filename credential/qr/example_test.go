package qr_test

import (
	"fmt"
	"log"

	"github.com/cyberbadge/cyberbadge/credential/qr"
)

// The holder's phone packs what it shows; the gate unpacks what its camera
// reads and gives it to a verifier. What was unpacked has been checked by nobody.
func Example() {
	presentation := fullBadge().text(1)

	code, err := qr.Pack("https://badge.vendor.example", presentation)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(code[:31])

	if !qr.IsCode(code) {
		log.Fatal("somebody else's QR code")
	}
	restored, err := qr.Unpack(code)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(restored == presentation)
	fmt.Println(len(presentation) > 2*len(code))
	// Output:
	// HTTPS://BADGE.VENDOR.EXAMPLE/C#
	// true
	// true
}
