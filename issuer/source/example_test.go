package source_test

import (
	"fmt"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/source"
)

func ExamplePeople() {
	file := strings.NewReader(`{"totalResults": 2, "Resources": [
  {"id": "1", "externalId": "0700001", "active": true, "displayName": "محمد الفارسي"},
  {"id": "2", "externalId": "0700002", "active": "maybe"}
]}`)
	result, err := source.People(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, person := range result.Records {
		fmt.Println(person.ID, person.DisplayName)
	}
	for _, problem := range result.Problems {
		fmt.Println(problem)
	}
	// Output:
	// 1 محمد الفارسي
	// record 2, line 3, id "2": refused: active is "maybe": send true or false
}
