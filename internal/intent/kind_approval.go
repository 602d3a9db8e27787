package intent

import "github.com/tenter-net/tenter/internal/condition"

// ApprovalPolicySpec is the spec of an ApprovalPolicy. Every policy that matches a plan applies to it: one that denies wins
// over all, each that asks for approvals has to be satisfied, and one that lets plans run counts where no other says
// anything. A plan that none matches is for the setting apply.intent and the drift policy to decide about.
type ApprovalPolicySpec struct {
	// Plans that touch one of these devices; all if absent.
	Devices *Selector `json:"devices,omitempty"`
	// Plans of these causes; of any if absent.
	Causes []string `json:"causes,omitempty" jsonschema:"minItems=1,enum=intent,enum=drift,enum=manual,enum=schedule"`
	// Plans of this risk at least; any if absent.
	MinRisk string `json:"minRisk,omitempty" jsonschema:"enum=low,enum=medium,enum=high"`
	// Condition on the plan, in CEL: 'deletes > 10 || "env=prod" in labels'.
	When string `json:"when,omitempty"`
	// auto: new intent runs without asking; approve, the default: people have to approve; deny: it never runs.
	Decision string `json:"decision,omitempty" jsonschema:"enum=auto,enum=approve,enum=deny"`
	// How many different people have to approve, never counting whoever asked for the plan; 1 if absent.
	Approvals int `json:"approvals,omitempty" jsonschema:"minimum=1,maximum=10"`
	// Only people of these groups count; everybody who may approve if absent.
	Groups []string `json:"groups,omitempty" jsonschema:"minItems=1"`
	// How long an approval counts; as long as the plan may wait if absent.
	Expires Duration `json:"expires,omitempty"`
	// How long a plan waits until escalateTo is told, once.
	EscalateAfter Duration `json:"escalateAfter,omitempty"`
	// Groups whose approvals count too from then on.
	EscalateTo []string `json:"escalateTo,omitempty" jsonschema:"minItems=1"`
	// Why, for those who have to approve or are denied.
	Reason string `json:"reason,omitempty"`
}

// The decisions of an ApprovalPolicy.
const (
	DecideAuto    = "auto"
	DecideApprove = "approve"
	DecideDeny    = "deny"
)

// Decides returns the decision, with its default.
func (s ApprovalPolicySpec) Decides() string {
	if s.Decision == "" {
		return DecideApprove
	}
	return s.Decision
}

// ApprovalVars are the variables that the condition of an ApprovalPolicy knows.
func ApprovalVars() []condition.Var {
	return []condition.Var{
		{Name: "cause", Type: condition.Text, Doc: "why the plan was made: intent, drift, manual or schedule"},
		{Name: "risk", Type: condition.Text, Doc: "low, medium or high"},
		{Name: "score", Type: condition.Int, Doc: "the risk as a number"},
		{Name: "reasons", Type: condition.Texts, Doc: "why the risk is what it is"},
		{Name: "devices", Type: condition.Int, Doc: "how many devices the plan changes"},
		{Name: "names", Type: condition.Texts, Doc: "their names"},
		{Name: "roles", Type: condition.Texts, Doc: "their roles"},
		{Name: "labels", Type: condition.Texts, Doc: `their labels, as in "env=prod"`},
		{Name: "share", Type: condition.Double, Doc: "the share of the fabric's devices that they are, from 0.0 to 1.0"},
		{Name: "adds", Type: condition.Int, Doc: "leaves that are new"},
		{Name: "changes", Type: condition.Int, Doc: "leaves that get another value"},
		{Name: "deletes", Type: condition.Int, Doc: "leaves that go"},
		{Name: "drift", Type: condition.Int, Doc: "leaves that put drift back"},
		{Name: "kinds", Type: condition.Texts, Doc: "the kinds of the intents that it comes from"},
		{Name: "requester", Type: condition.Text, Doc: "who made the plan by hand; empty for nobody"},
		{Name: "author", Type: condition.Text, Doc: "who wrote the commit of the intents; empty if that is not known"},
	}
}

// approvalPolicies checks that conditions can be evaluated, and that documents say no more than their decision heeds.
func (c *checker) approvalPolicies() {
	for _, d := range c.ApprovalPolicies {
		c.selector(d.Document, d.Spec.Devices)
		c.condition(d.Document, At{"when"}, d.Spec.When, ApprovalVars())
		if d.Spec.Decides() != DecideApprove {
			for _, key := range []string{"approvals", "groups", "expires", "escalateAfter", "escalateTo"} {
				if d.has(key) {
					c.add(d.Errorf(CodeCombination, At{key}, "%s belongs to decision: approve, and this one is %s", key, d.Spec.Decision))
				}
			}
			continue
		}
		switch {
		case d.has("escalateTo") && !d.has("escalateAfter"):
			c.add(d.Errorf(CodeCombination, At{"escalateTo"}, "nobody is told without escalateAfter").WithHint("escalateAfter: 30m"))
		case d.has("escalateAfter") && !d.has("escalateTo"):
			c.add(d.Errorf(CodeCombination, At{"escalateAfter"}, "escalateAfter says when, and nothing says who is told then").WithHint("escalateTo: [GROUP]"))
		}
	}
}
