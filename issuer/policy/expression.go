package policy

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"
)

// newEnvironment says what an expression may name.
func newEnvironment() (*cel.Env, error) {
	const (
		depth = 32   // brackets within brackets
		nodes = 2000 // after macros are expanded
	)
	tags := types.ParseStructTags(true)
	return cel.NewCustomEnv(
		cel.StdLib(cel.StdLibSubset(withheld())),
		cel.Types(
			cel.NativeTypeFor[factPerson](tags, cel.NativeTypeAlias("Person")),
			cel.NativeTypeFor[factTraining](tags, cel.NativeTypeAlias("Training")),
			cel.NativeTypeFor[factDevice](tags, cel.NativeTypeAlias("Device")),
		),
		cel.Variable("person", cel.ObjectType("Person")),
		cel.Variable("training", cel.ListType(cel.ObjectType("Training"))),
		cel.Variable("devices", cel.ListType(cel.ObjectType("Device"))),
		cel.Function("atLeast", cel.MemberOverload("version_at_least",
			[]*cel.Type{cel.StringType, cel.StringType}, cel.BoolType, cel.BinaryBinding(atLeast))),
		cel.ParserExpressionSizeLimit(MaxRuleLength),
		cel.ParserRecursionLimit(depth),
		cel.ExpressionNodeLimit(nodes),
		cel.EnableHiddenAccumulatorName(true),
		cel.DefaultUTCTimeZone(true),
	)
}

// withheld leaves two kinds out of CEL's own functions: patterns, because a short
// one can take a second that its price in CEL's units does not show, and fields of
// dates, which read the machine's files on time zones.
func withheld() *env.LibrarySubset {
	names := []string{
		overloads.Matches,
		overloads.TimeGetFullYear, overloads.TimeGetMonth, overloads.TimeGetDate, overloads.TimeGetDayOfMonth,
		overloads.TimeGetDayOfWeek, overloads.TimeGetDayOfYear,
		overloads.TimeGetHours, overloads.TimeGetMinutes, overloads.TimeGetSeconds, overloads.TimeGetMilliseconds,
	}
	subset := env.NewLibrarySubset()
	for _, name := range names {
		subset.AddExcludedFunctions(env.NewFunction(name))
	}
	return subset
}

// atLeast compares versions as the device rules do: as text, 9 would be newer
// than 10.
func atLeast(version, minimum ref.Val) ref.Val {
	a, readable := parseVersion(fmt.Sprint(version.Value()))
	b, sound := parseVersion(fmt.Sprint(minimum.Value()))
	if !sound {
		return types.NewErr("%v is not a version", minimum.Value())
	}
	return types.Bool(readable && a.Compare(b) >= 0)
}

// compile checks one expression.
func compile(environment *cel.Env, text string) (cel.Program, *cel.Ast, []*cel.Error, error) {
	checked, issues := environment.Compile(text)
	if issues.Err() != nil {
		return nil, nil, issues.Errors(), nil
	}
	if errs := unpriced(checked); len(errs) > 0 {
		return nil, nil, errs, nil
	}
	program, err := environment.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(MaxRuleCost))
	return program, checked, nil, err
}

// unpriced lists what can take minutes for a few of CEL's units: comparing lists,
// which are priced by their length however deep they are, so that [x, x] within
// itself thirty times is a pair; and adding lists, which doubles one for a unit.
func unpriced(checked *cel.Ast) []*cel.Error {
	var errs []*cel.Error
	tree := checked.NativeRep()
	visitCalls(checked, func(id int64, call celast.CallExpr) {
		var message string
		switch name := call.FunctionName(); {
		case slices.Contains(comparisons(), name) && !single(tree.GetType(call.Args()[0].ID())):
			message = "lists and records are not compared as a whole: compare their entries"
		case name == operators.Add && tree.GetType(id).Kind() == cel.ListKind && !collects(call):
			message = "lists are not added: ask about each by itself"
		default:
			return
		}
		errs = append(errs, &cel.Error{Location: tree.SourceInfo().GetStartLocation(id), Message: message})
	})
	return errs
}

// collects reports whether lists are added by map or filter, one entry for each
// step, into a variable that nobody can write.
func collects(call celast.CallExpr) bool {
	first := call.Args()[0]
	return first.Kind() == celast.IdentKind && first.AsIdent() == parser.HiddenAccumulatorName
}

// single reports whether a type is of values without parts. The checker gives both
// sides of a comparison the same type.
func single(t *cel.Type) bool {
	kinds := []types.Kind{cel.BoolKind, cel.IntKind, cel.UintKind, cel.DoubleKind, cel.StringKind, cel.TimestampKind, cel.DurationKind}
	return slices.Contains(kinds, t.Kind())
}

func comparisons() []string { return []string{operators.Equals, operators.NotEquals, operators.In} }

func visitCalls(checked *cel.Ast, visit func(id int64, call celast.CallExpr)) {
	celast.PostOrderVisit(checked.NativeRep().Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if e.Kind() == celast.CallKind {
			visit(e.ID(), e.AsCall())
		}
	}))
}

// comparedCourses lists the texts that an expression compares a course with.
func comparedCourses(checked *cel.Ast) []string {
	var codes []string
	visitCalls(checked, func(_ int64, call celast.CallExpr) {
		if slices.Contains(comparisons(), call.FunctionName()) && slices.ContainsFunc(call.Args(), namesCourse) {
			codes = append(codes, literals(call.Args())...)
		}
	})
	return codes
}

func namesCourse(e celast.Expr) bool {
	return e.Kind() == celast.SelectKind && e.AsSelect().FieldName() == "course"
}

// literals returns the texts among the expressions, those in lists included.
func literals(expressions []celast.Expr) []string {
	var texts []string
	for _, e := range expressions {
		switch e.Kind() {
		case celast.LiteralKind:
			if text, ok := e.AsLiteral().Value().(string); ok {
				texts = append(texts, text)
			}
		case celast.ListKind:
			texts = append(texts, literals(e.AsList().Elements())...)
		}
	}
	return texts
}
