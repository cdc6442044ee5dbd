// Package code is the catalogue of exact reasons for which a badge, a proof, a
// status list or a gate code is refused.
//
// A code is for engineers and logs: it names the one check that failed, it is
// snake_case, and once released it keeps its meaning. What a guard or a policy
// needs is coarser: package verifier maps every code to one of its reasons.
//
// The stages in which the codes are listed are the order in which a decision
// makes its checks, cheapest and safest first. The first failure is the answer,
// so an error with one code says nothing about the checks that would have
// followed it.
package code
