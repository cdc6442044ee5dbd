package main

// revocationBounds are what "make bench-revocation" measures.
var revocationBounds = []bound{
	{"a badge is revoked, and the page of a connected gate is red, 99 of 100, ms", "Revocation_ToTheGate", "red-p99-ms", false, 1000},
	{"… and it is denied at all of 200 connected verifiers, 99 of 100, ms", "Revocation_ToTheGate", "denied-by-all-p99-ms", false, 1000},
	{"… and the signed list is published, 99 of 100, ms", "Revocation_ToTheGate", "published-p99-ms", false, 200},
	{"the same in a list of a million, one in a hundred revoked, ms", "Publish_OneRevocation/idle", "ready-p99-ms", false, 200},
	{"the same when the one before was at once before, ms", "Publish_OneRevocation/busy", "ready-p99-ms", false, 200},
	{"the same among ten lists of a million, ms", "Publish_TenMillion", "revocation-ready-ms", false, 200},
	{"an issuer with ten lists of a million, memory in use, MiB", "Publish_TenMillion", "MiB-heap", false, 64},
	{"look-up in a list of a million, ns", "StatusLookup", "ns/op", false, 10},
	{"look-up in a list of a million, allocations", "StatusLookup", "allocs/op", false, 0},
	{"a bundle for 100,000 badges, one in a hundred revoked, bytes", "Bundle100000/open", "bundle-bytes", false, 100_000},
	{"1,000 verifiers fetch a list of a million at once, 99 of 100, ms", "Revocation_AThousandFetch/whole", "p99-ms", false, 10_000},
	{"1,000 verifiers are told at once that it is the same, 99 of 100, ms", "Revocation_AThousandFetch/304", "p99-ms", false, 10_000},
}
