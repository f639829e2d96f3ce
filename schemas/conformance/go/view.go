// Package view decides on requests for ads by the lists that Unhaunt publishes.
package view

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"golang.org/x/crypto/blake2b"
)

const (
	day    = 86_400_000
	minute = 60_000
)

// Reasons by rank, and scopes from narrow to wide.
var (
	reasons = []string{
		"opt_out_all", "no_consent", "sensitive_topic", "sensitive", "inappropriate",
		"spam_or_misleading", "block_advertiser", "block_brand", "block_category", "purchased",
		"already_bought", "not_interested", "removed_from_cart", "seen_too_often",
		"frequency_cap", "lapsed", "followed_too_long", "inferred_interest", "too_soon",
	}
	scopes = []string{"product", "group", "category", "brand", "advertiser", "all"}
)

// Decide takes the decision on a request. The list is nil for a tombstone or where there is none;
// age is how many seconds ago the copy of the list was last known to be level with the topic.
func Decide(
	request Request, list *List, policy Policy, catalog Catalog, age float64,
) Decision {
	decision := Decision{
		RequestID:  request.RequestID,
		UserID:     request.UserID,
		TS:         request.TS,
		Policy:     policy.Version,
		Suppressed: []Answer{},
		Allowed:    []string{},
		Ghosted:    []Answer{},
	}
	held, isSensitiveGranted := standing(list, policy, age)
	for _, candidate := range request.Candidates {
		named := candidate.ProductID
		candidate.ProductID = catalog.productID(named)
		product, isKnown := catalog.Products[candidate.ProductID]
		if isKnown {
			candidate.Attributes = over(candidate.Attributes, product.Attributes)
		}
		claims := own(candidate, product.Sensitive, isSensitiveGranted, request, policy)
		for _, claim := range held {
			if covers(claim, candidate) {
				claims = append(claims, claim)
			}
		}
		claims = slices.DeleteFunc(claims, func(claim Claim) bool {
			return !isActive(claim, request.TS) || isLifted(claim, candidate, request, policy)
		})
		if len(claims) == 0 {
			decision.Allowed = append(decision.Allowed, named)
			continue
		}
		answer := answerOf(named, slices.MinFunc(claims, byRank))
		isKept := slices.ContainsFunc(claims, func(claim Claim) bool {
			return !slices.Contains(policy.Holdout.Reasons, claim.Reason)
		})
		if !isKept && inHoldout(request.UserID, policy) {
			decision.Allowed = append(decision.Allowed, named)
			decision.Ghosted = append(decision.Ghosted, answer)
		} else {
			decision.Suppressed = append(decision.Suppressed, answer)
		}
	}
	return decision
}

// standing is what counts of a list of this age: the claims, and whether sensitive topics are
// granted.
func standing(list *List, policy Policy, age float64) ([]Claim, bool) {
	if list == nil {
		list = &List{}
	}
	fails := func(reason, how string) bool {
		rule, isNamed := policy.Stale[reason]
		return isNamed && age >= rule.Seconds && rule.Fails == how
	}
	isGranted := func(preference, reason string) bool {
		return fails(reason, "open") ||
			slices.Contains(list.Granted, preference) && !fails(reason, "closed")
	}
	var claims []Claim
	isDenied := false
	for _, claim := range list.Entries {
		if !fails(claim.Reason, "open") {
			claims = append(claims, claim)
			isDenied = isDenied || claim.Reason == "no_consent"
		}
	}
	isNeeded := policy.Consent.Mode == "opt_in"
	if isNeeded && !isDenied && !isGranted("personalised_ads", "no_consent") {
		claims = append(claims, Claim{Scope: "all", Value: "*", Reason: "no_consent"})
	}
	return claims, isGranted("sensitive_topics", "sensitive")
}

// NewCatalog is the catalog of these products, by their ids.
func NewCatalog(products map[string]Product) Catalog {
	aliases := map[string]string{}
	for id, product := range products {
		for _, alias := range product.Aliases {
			if least, isNamed := aliases[alias]; !isNamed || id < least {
				aliases[alias] = id
			}
		}
	}
	return Catalog{Products: products, aliases: aliases}
}

// productID is the product that an id is read as: an alias as the product that has it.
func (catalog Catalog) productID(named string) string {
	if _, isProduct := catalog.Products[named]; !isProduct {
		if id, isAlias := catalog.aliases[named]; isAlias {
			return id
		}
	}
	return named
}

// over puts what the catalog knows over what a request tells, but for the price and its currency.
func over(told, known Attributes) Attributes {
	if known.ItemGroupID == nil {
		known.ItemGroupID = told.ItemGroupID
	}
	if known.Categories == nil {
		known.Categories = told.Categories
	}
	if known.Brand == nil {
		known.Brand = told.Brand
	}
	if known.AdvertiserID == nil {
		known.AdvertiserID = told.AdvertiserID
	}
	if told.Price != nil {
		known.Price, known.Currency = told.Price, told.Currency
	}
	return known
}

func covers(claim Claim, candidate Candidate) bool {
	is := func(attribute *string) bool { return attribute != nil && *attribute == claim.Value }
	switch claim.Scope {
	case "product":
		return candidate.ProductID == claim.Value
	case "group":
		return is(candidate.ItemGroupID) ||
			candidate.ItemGroupID == nil && candidate.ProductID == claim.Value
	case "category":
		return slices.Contains(candidate.Categories, claim.Value)
	case "brand":
		return is(candidate.Brand)
	case "advertiser":
		return is(candidate.AdvertiserID)
	default:
		return claim.Scope == "all"
	}
}

// own is what the request itself holds against a candidate.
func own(
	candidate Candidate, isSensitive, isGranted bool, request Request, policy Policy,
) []Claim {
	var claims []Claim
	hold := func(reason string, since int64, until *int64) {
		claims = append(claims, Claim{
			Scope: "product", Value: candidate.ProductID, Reason: reason, Since: since, Until: until,
		})
	}
	for _, category := range candidate.Categories {
		isSensitive = isSensitive || slices.Contains(policy.Sensitive.Categories, category)
	}
	sources := map[string]bool{}
	for _, source := range candidate.Sources {
		sources[source] = true
	}
	if isSensitive && !(isGranted && len(sources) >= policy.Sensitive.MinSources) {
		hold("sensitive", request.TS, nil)
	}
	if candidate.InterestAt != nil {
		interest := *candidate.InterestAt
		hold("followed_too_long", after(interest, policy.Follow.Days*day), nil)
		channel := request.Channel
		if channel == "" {
			channel = "display"
		}
		if slices.Contains(policy.Quiet.Channels, channel) {
			until := after(interest, policy.Quiet.Minutes*minute)
			hold("too_soon", interest, &until)
		}
	}
	if candidate.Basis == "inferred" && !policy.Inferred.Allow {
		hold("inferred_interest", request.TS, nil)
	}
	return claims
}

func isActive(claim Claim, at int64) bool {
	return claim.Since <= at && (claim.Until == nil || at < *claim.Until)
}

func isLifted(claim Claim, candidate Candidate, request Request, policy Policy) bool {
	if request.OwnSite && slices.Contains(policy.OwnSite.Lifts, claim.Reason) {
		return true
	}
	if claim.Price == nil || candidate.Price == nil || differ(claim.Currency, candidate.Currency) {
		return false
	}
	before, hundredfold := *claim.Price, *candidate.Price*100
	return before*(100-policy.PriceDrop.MaxPercent) <= hundredfold &&
		hundredfold <= before*(100-policy.PriceDrop.Percent)
}

// differ tells whether two currencies are known to differ.
func differ(one, other *string) bool {
	return one != nil && other != nil && *one != *other
}

func byRank(one, other Claim) int {
	return cmp.Or(
		cmp.Compare(slices.Index(reasons, one.Reason), slices.Index(reasons, other.Reason)),
		cmp.Compare(end(other), end(one)),
		cmp.Compare(slices.Index(scopes, one.Scope), slices.Index(scopes, other.Scope)),
		cmp.Compare(one.Value, other.Value), // UTF-8 sorts as code points do
		slices.Compare(one.Because, other.Because),
		cmp.Compare(one.Since, other.Since), // where two ids tell of one event at two times
	)
}

// end is when a claim ends; one that does not ends after all that do.
func end(claim Claim) float64 {
	if claim.Until == nil {
		return math.Inf(1)
	}
	return float64(*claim.Until)
}

// after is the time so many milliseconds later, cut to whole ones.
func after(time int64, length float64) int64 {
	whole := int64(min(length, math.MaxInt64/2))
	if time > math.MaxInt64-whole {
		return math.MaxInt64
	}
	return time + whole
}

func answerOf(productID string, claim Claim) Answer {
	because := claim.Because
	if because == nil {
		because = []string{}
	}
	return Answer{
		productID, claim.Reason, claim.Scope, claim.Value, claim.Since, claim.Until, because,
	}
}

// inHoldout takes BLAKE2b with a digest of 8 bytes, which is not the beginning of a longer one.
func inHoldout(userID string, policy Policy) bool {
	hash, err := blake2b.New(8, nil)
	if err != nil {
		panic(err) // only for a length that cannot be
	}
	hash.Write([]byte(policy.Holdout.Salt + ":" + userID))
	number := binary.BigEndian.Uint64(hash.Sum(nil)) % 10_000
	return float64(number) < policy.Holdout.Percent*100
}
