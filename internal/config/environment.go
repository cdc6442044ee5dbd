package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

const (
	prefix     = "CYBERBADGE_"
	fileSuffix = "_FILE"
)

var errNotFromEnvironment = errors.New("this cannot be set from the environment; set it in the file")

// loadEnvironment sets what environ names.
func loadEnvironment(environ []string, fields []leaf, root reflect.Value) []error {
	variables := ours(environ)
	var problems []error
	for _, field := range fields {
		text, given := variables[field.variable]
		delete(variables, field.variable)
		fromFile, givenFile := "", false
		if field.t == secretType {
			fromFile, givenFile = variables[field.variable+fileSuffix]
			delete(variables, field.variable+fileSuffix)
		}
		var err error
		switch {
		case given && givenFile:
			err = fmt.Errorf("config: %s and %s%s are both set; unset one", field.variable, field.variable, fileSuffix)
		case givenFile:
			err = setSecret(field.variable+fileSuffix, fromFile, field.in(root))
		case given:
			err = setVariable(field.variable, text, field.in(root))
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	return append(problems, misspelled(variables, fields, root.Type())...)
}

// ours are the variables with our prefix. Of one that is given twice the last
// counts, as for a shell.
func ours(environ []string) map[string]string {
	variables := make(map[string]string)
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, prefix) {
			variables[name] = value
		}
	}
	return variables
}

// misspelled reports the variables left over that can only have been meant for
// this struct, because they begin like one of its keys.
func misspelled(left map[string]string, fields []leaf, t reflect.Type) []error {
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.variable
	}
	var problems []error
	for name := range left {
		for _, k := range keysOf(t) {
			own := prefix + strings.ToUpper(strings.ReplaceAll(k.name, "-", "_"))
			if name != own && !strings.HasPrefix(name, own+"_") {
				continue
			}
			text := fmt.Sprintf("config: the variable %s names nothing", name)
			if closest := closestTo(name, names); closest != "" {
				text += fmt.Sprintf("; did you mean %s?", closest)
			}
			problems = append(problems, errors.New(text))
			break
		}
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].Error() < problems[j].Error() })
	return problems
}

func setSecret(variable, path string, value reflect.Value) error {
	if path == "" {
		return empty(variable)
	}
	secret, err := readSecret(path)
	if err != nil {
		return fmt.Errorf("config: %s: %w", variable, err)
	}
	value.Set(reflect.ValueOf(secret))
	return nil
}

func setVariable(variable, text string, value reflect.Value) error {
	if text == "" {
		return empty(variable)
	}
	if err := setText(text, value); err != nil {
		return fmt.Errorf("config: %s: %w", variable, err)
	}
	return nil
}

// empty is an error and not "no value": a deployment that fills in a variable
// which is not there would switch something off unseen.
func empty(variable string) error {
	return fmt.Errorf("config: %s is set but empty; give it a value or unset it", variable)
}

func setText(text string, value reflect.Value) error {
	value = made(value)
	if value.Type() == secretType {
		value.Set(reflect.ValueOf(NewSecret(text)))
		return nil
	}
	if value.Type() == durationType {
		duration, err := ParseDuration(text)
		value.SetInt(int64(duration))
		return err
	}
	if value.Type() == networkType {
		network, err := parseNetwork(text)
		value.Set(reflect.ValueOf(network))
		return err
	}
	if reads, ok := value.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return reads.UnmarshalText([]byte(text))
	}
	return setPlain(text, value)
}

func setPlain(text string, value reflect.Value) error {
	var err error
	switch value.Kind() {
	case reflect.String:
		value.SetString(text)
	case reflect.Bool:
		var parsed bool
		parsed, err = strconv.ParseBool(text)
		value.SetBool(parsed)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		var parsed int64
		parsed, err = strconv.ParseInt(text, 10, value.Type().Bits())
		value.SetInt(parsed)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		var parsed uint64
		parsed, err = strconv.ParseUint(text, 10, value.Type().Bits())
		value.SetUint(parsed)
	case reflect.Float32, reflect.Float64:
		var parsed float64
		parsed, err = strconv.ParseFloat(text, value.Type().Bits())
		value.SetFloat(parsed)
	case reflect.Slice:
		return setList(text, value)
	default:
		return errNotFromEnvironment
	}
	if err != nil {
		return fmt.Errorf("expected %s", expected(value.Type()))
	}
	return nil
}

func setList(text string, value reflect.Value) error {
	if isSection(withoutPointer(value.Type().Elem())) {
		return errNotFromEnvironment
	}
	parts := strings.Split(text, ",")
	list := reflect.MakeSlice(value.Type(), len(parts), len(parts))
	for i, part := range parts {
		if err := setText(strings.TrimSpace(part), list.Index(i)); err != nil {
			return err
		}
	}
	value.Set(list)
	return nil
}
