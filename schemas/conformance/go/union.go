package view

import "slices"

// Copy is what is held of an id: its list, nil for a tombstone or where there is none, and how many
// seconds ago that was last known to be level with the topic.
type Copy struct {
	List *List   `json:"list"`
	Age  float64 `json:"age"`
}

// Union is what is held of a person who is asked for by the ids of all these copies.
func Union(copies []Copy) Copy {
	var union Copy
	at := map[entry]int{}
	for _, each := range copies {
		union.Age = max(union.Age, each.Age)
		if each.List == nil {
			continue
		}
		if union.List == nil {
			union.List = &List{}
		}
		union.List.Granted = append(union.List.Granted, each.List.Granted...)
		for _, claim := range each.List.Entries {
			said := entryOf(claim)
			if known, isThere := at[said]; isThere {
				union.List.Entries[known] = joined(union.List.Entries[known], claim)
			} else {
				at[said] = len(union.List.Entries)
				union.List.Entries = append(union.List.Entries, claim)
			}
		}
	}
	return union
}

// entry is what claims have in common that are one entry of a list.
type entry struct {
	scope, value, reason string
	since, until         int64
	isEndless            bool
}

func entryOf(claim Claim) entry {
	of := entry{claim.Scope, claim.Value, claim.Reason, claim.Since, 0, claim.Until == nil}
	if !of.isEndless {
		of.until = *claim.Until
	}
	return of
}

// joined is one entry of two that say the same: because of what is behind both, at the lower price.
// It has no price where one of them has none, or where their currencies differ.
func joined(one, other Claim) Claim {
	one.Because = slices.Concat(one.Because, other.Because)
	slices.Sort(one.Because)
	one.Because = slices.Compact(one.Because)
	switch {
	case one.Price == nil || other.Price == nil || differ(one.Currency, other.Currency):
		one.Price, one.Currency = nil, nil
	default:
		lower := min(*one.Price, *other.Price)
		one.Price = &lower
		if one.Currency == nil {
			one.Currency = other.Currency
		}
	}
	return one
}
