package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
)

// MaxFileSize is how large a configuration file may be, in bytes.
const MaxFileSize = 1 << 20

// Load fills the struct that target points to from the YAML file at path and
// then from environ, which has the form of os.Environ. What neither mentions
// stays as it was. An empty path means no file.
//
// When everything could be read and target has a method Validate() error, Load
// calls it and returns its error. Problems are joined, one a line. After an
// error target must not be used.
func Load(path string, environ []string, target any) error {
	root := reflect.ValueOf(target)
	if root.Kind() != reflect.Pointer || root.IsNil() || root.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("config: the target is a %T, not a pointer to a struct", target)
	}
	fields, err := leavesOf(root.Elem().Type())
	if err != nil {
		return err
	}
	var problems []error
	if path != "" {
		problems = append(problems, loadFile(path, root.Elem())...)
	}
	problems = append(problems, loadEnvironment(environ, fields, root.Elem())...)
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	if checked, ok := target.(interface{ Validate() error }); ok {
		return checked.Validate()
	}
	return nil
}

// readBounded reads a regular file of at most limit bytes. allowed looks at the
// file that was opened, not at its name, so that it cannot be exchanged between
// the look and the reading.
func readBounded(path string, limit int64, allowed func(os.FileInfo) error) ([]byte, error) {
	// Looked at before opening as well: opening a pipe waits for its writer.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if err := allowed(info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, nil
}
