package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall/js"
)

// function makes a function of Go one of JavaScript, which lives as long as the
// page.
func function(f func([]js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		value, err := f(args)
		if err != nil {
			return failure(err)
		}
		return value
	})
}

func failure(err error) js.Value {
	e := js.Global().Get("Error").New(err.Error())
	if c := codeOf(err); c != "" {
		e.Set("code", c)
	}
	return e
}

func textAt(args []js.Value, i int) (string, error) {
	if len(args) <= i || args[i].Type() != js.TypeString {
		return "", fmt.Errorf("argument %d is not a string", i+1)
	}
	return args[i].String(), nil
}

// jsonAt refuses members that nobody knows: a misspelled demand would not be made.
func jsonAt(args []js.Value, i int, into any) error {
	text, err := textAt(args, i)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("argument %d: %w", i+1, err)
	}
	return nil
}

// promise runs work in a goroutine.
func promise(work func() (string, error)) js.Value {
	start := js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve, reject := args[0], args[1]
		go func() {
			value, err := work()
			if err != nil {
				reject.Invoke(failure(err))
				return
			}
			resolve.Invoke(value)
		}()
		return nil
	})
	defer start.Release() // a Promise calls it before New returns
	return js.Global().Get("Promise").New(start)
}

// await waits for a promise. It must not be called by a function that JavaScript
// called: the promise could not go on.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	settled := make(chan outcome, 1)
	var fulfilled, rejected js.Func
	settle := func(o outcome) any {
		settled <- o
		// One of the two is called, once, so both are done with.
		fulfilled.Release()
		rejected.Release()
		return nil
	}
	fulfilled = js.FuncOf(func(_ js.Value, args []js.Value) any { return settle(outcome{value: args[0]}) })
	rejected = js.FuncOf(func(_ js.Value, args []js.Value) any {
		return settle(outcome{err: errors.New(js.Global().Call("String", args[0]).String())})
	})
	promise.Call("then", fulfilled, rejected)
	select {
	case o := <-settled:
		return o.value, o.err
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}

// fetcher is a function of JavaScript that gets status lists.
type fetcher struct{ call js.Value }

// Fetch implements revocation.Fetcher.
func (f fetcher) Fetch(ctx context.Context, uri string) (string, error) {
	// By way of a promise, what the function throws becomes a rejection.
	token, err := await(ctx, js.Global().Get("Promise").Call("resolve", uri).Call("then", f.call))
	if err != nil {
		return "", err
	}
	if token.Type() != js.TypeString {
		return "", errors.New("fetchList gave something other than a string")
	}
	return token.String(), nil
}
