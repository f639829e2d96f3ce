package view

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

type conformanceCase struct {
	Name     string             `json:"name"`
	Policy   Policy             `json:"policy"`
	Catalog  map[string]Product `json:"catalog"`
	List     *List              `json:"list"`
	Age      float64            `json:"age"`
	Copies   []Copy             `json:"copies"`
	Request  Request            `json:"request"`
	Decision any                `json:"decision"`
}

func TestConformance(t *testing.T) {
	files, err := filepath.Glob("../cases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases were found beside this folder")
	}
	for _, file := range files {
		for _, each := range read(t, file) {
			t.Run(filepath.Base(file)+": "+each.Name, func(t *testing.T) {
				catalog := NewCatalog(each.Catalog)
				held := Copy{each.List, each.Age}
				if each.Copies != nil {
					held = Union(each.Copies)
				}
				decision := Decide(each.Request, held.List, each.Policy, catalog, held.Age)
				if got := asJSON(t, decision); !reflect.DeepEqual(got, each.Decision) {
					t.Errorf("expected %v, got %v", each.Decision, got)
				}
			})
		}
	}
}

func read(t *testing.T, file string) []conformanceCase {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rule struct {
		Cases []conformanceCase `json:"cases"`
	}
	if err := json.Unmarshal(text, &rule); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return rule.Cases
}

func asJSON(t *testing.T, value any) (plain any) {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	return plain
}
