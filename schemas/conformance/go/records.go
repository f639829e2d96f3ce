package view

// A pointer or a slice that is nil was not said. An empty list of categories was said.

// List is the value of a record of the topic suppressions.
type List struct {
	Granted []string `json:"granted"`
	Entries []Claim  `json:"entries"`
}

// Claim is an entry of a list, or what a request itself holds against a candidate.
type Claim struct {
	Scope    string   `json:"scope"`
	Value    string   `json:"value"`
	Reason   string   `json:"reason"`
	Since    int64    `json:"since"`
	Until    *int64   `json:"until"`
	Because  []string `json:"because"`
	Price    *float64 `json:"price,omitempty"`
	Currency *string  `json:"currency,omitempty"`
}

// Attributes are what a claim may cover a product by.
type Attributes struct {
	ItemGroupID  *string  `json:"item_group_id"`
	Categories   []string `json:"categories"`
	Brand        *string  `json:"brand"`
	AdvertiserID *string  `json:"advertiser_id"`
	Price        *float64 `json:"price"`
	Currency     *string  `json:"currency"`
}

// Product is the value of a record of the topic catalog.
type Product struct {
	Attributes
	Sensitive bool     `json:"sensitive"`
	Aliases   []string `json:"aliases"`
}

// Catalog has the products by their ids, and by each alias the least id of those that name it.
type Catalog struct {
	Products map[string]Product
	aliases  map[string]string
}

// Candidate is a product that a request wants to show.
type Candidate struct {
	Attributes
	ProductID  string   `json:"product_id"`
	InterestAt *int64   `json:"interest_at"`
	Basis      string   `json:"basis"`
	Sources    []string `json:"sources"`
}

// Request is the value of a record of the topic impression-requests.
type Request struct {
	RequestID  string      `json:"request_id"`
	UserID     string      `json:"user_id"`
	TS         int64       `json:"ts"`
	Channel    string      `json:"channel"`
	OwnSite    bool        `json:"own_site"`
	Candidates []Candidate `json:"candidates"`
}

// Policy is what a view has to know of a policy.
type Policy struct {
	Version string `json:"version"`
	Follow  struct {
		Days float64 `json:"days"`
	} `json:"follow"`
	Quiet struct {
		Channels []string `json:"channels"`
		Minutes  float64  `json:"minutes"`
	} `json:"quiet"`
	Sensitive struct {
		Categories []string `json:"categories"`
		MinSources int      `json:"min_sources"`
	} `json:"sensitive"`
	Inferred struct {
		Allow bool `json:"allow"`
	} `json:"inferred"`
	Consent struct {
		Mode string `json:"mode"`
	} `json:"consent"`
	PriceDrop struct {
		Percent    float64 `json:"percent"`
		MaxPercent float64 `json:"max_percent"`
	} `json:"price_drop"`
	OwnSite struct {
		Lifts []string `json:"lifts"`
	} `json:"own_site"`
	Holdout struct {
		Percent float64  `json:"percent"`
		Salt    string   `json:"salt"`
		Reasons []string `json:"reasons"`
	} `json:"holdout"`
	Stale map[string]struct {
		Seconds float64 `json:"seconds"`
		Fails   string  `json:"fails"`
	} `json:"stale"`
}

// Answer says why a candidate is suppressed.
type Answer struct {
	ProductID string   `json:"product_id"`
	Reason    string   `json:"reason"`
	Scope     string   `json:"scope"`
	Value     string   `json:"value"`
	Since     int64    `json:"since"`
	Until     *int64   `json:"until"`
	Because   []string `json:"because"`
}

// Decision is the value of a record of the topic decisions, without as_of.
type Decision struct {
	RequestID  string   `json:"request_id"`
	UserID     string   `json:"user_id"`
	TS         int64    `json:"ts"`
	Policy     string   `json:"policy"`
	Suppressed []Answer `json:"suppressed"`
	Allowed    []string `json:"allowed"`
	Ghosted    []Answer `json:"ghosted"`
}
