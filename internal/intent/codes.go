package intent

import (
	"slices"
	"strings"
)

// A Code names one kind of mistake: "T0104". Codes never change their meaning.
type Code string

// about returns one line on what the code means.
func (c Code) about() string {
	i, ok := slices.BinarySearchFunc(codes, c, func(e codeInfo, c Code) int { return strings.Compare(string(e.code), string(c)) })
	if !ok {
		return ""
	}
	return codes[i].text
}

type codeInfo struct {
	code Code
	text string
}

// The codes: T00 reading, T01 one document, T02 names, T03 numbers and addresses, T04 ports and links, T05 routing,
// T06 paths, T08 change of a fabric, T09 proofs, T095 warnings, T10 rollouts.
const (
	CodeNotUTF8    Code = "T0001"
	CodeYAML       Code = "T0002"
	CodeAnchor     Code = "T0003"
	CodeTooLarge   Code = "T0004"
	CodeNoIntents  Code = "T0005"
	CodeUnreadable Code = "T0006"

	CodeNotAMapping  Code = "T0101"
	CodeAPIVersion   Code = "T0102"
	CodeUnknownKind  Code = "T0103"
	CodeUnknownKey   Code = "T0104"
	CodeKeyTwice     Code = "T0105"
	CodeMissingKey   Code = "T0106"
	CodeWrongType    Code = "T0107"
	CodeNotAllowed   Code = "T0108"
	CodeOutOfRange   Code = "T0109"
	CodeMalformed    Code = "T0110"
	CodeSecret       Code = "T0111"
	CodeEmpty        Code = "T0112"
	CodeBadName      Code = "T0113"
	CodeCombination  Code = "T0114"
	CodeListedTwice  Code = "T0115"
	CodeBadTemplate  Code = "T0116"
	CodeRoleLabel    Code = "T0117"
	CodeCondition    Code = "T0118"
	CodeNameTwice    Code = "T0201"
	CodeDangling     Code = "T0202"
	CodeNothing      Code = "T0203"
	CodeNoFabric     Code = "T0204"
	CodeManyFabrics  Code = "T0205"
	CodeDeviceID     Code = "T0301"
	CodeBeyondSizing Code = "T0302"
	CodeVLANTwice    Code = "T0303"
	CodeVNITwice     Code = "T0304"
	CodeEVI          Code = "T0305"
	CodeOverlap      Code = "T0306"
	CodePoolOverlap  Code = "T0307"
	CodePoolSmall    Code = "T0308"
	CodeAddressTwice Code = "T0309"
	CodeASN          Code = "T0310"
	CodeAddress      Code = "T0311"
	CodeMTU          Code = "T0312"
	CodeRouteTarget  Code = "T0313"

	CodePortTwice    Code = "T0401"
	CodeLinkRoles    Code = "T0402"
	CodeParallel     Code = "T0403"
	CodeLAGTwice     Code = "T0404"
	CodeSegmentTwice Code = "T0405"
	CodeLAGMembers   Code = "T0406"
	CodeHostOnSpine  Code = "T0407"
	CodeVLANNotThere Code = "T0408"
	CodeNative       Code = "T0409"
	CodeNoLinks      Code = "T0410"
	CodePrefixRange  Code = "T0501"
	CodePeerSubnet   Code = "T0502"
	CodePeerTwice    Code = "T0503"
	CodeUnreachable  Code = "T0504"
	CodeReserved     Code = "T0505"
	CodePeerVRF      Code = "T0506"
	CodePath         Code = "T0601"
	CodePathTwice    Code = "T0602"
	CodeRuleTwice    Code = "T0603"
	CodeSettingTwice Code = "T0604"
	CodeNever        Code = "T0605"
	CodeRenumber     Code = "T0801"
	CodeNoRoute      Code = "T0901"
	CodeRouteTargets Code = "T0902"
	CodeLinkEnds     Code = "T0903"
	CodeSegmentEnds  Code = "T0904"
	CodeUnused       Code = "T0952"
	CodeRolloutTwice Code = "T1001"
	CodeDrain        Code = "T1002"
)

// codes is sorted by code.
var codes = []codeInfo{
	{CodeNotUTF8, "an intent file is UTF-8 text"},
	{CodeYAML, "the document is not valid YAML"},
	{CodeAnchor, "anchors, aliases, merge keys and tags are refused: every value stands where it is used, so that it has one position"},
	{CodeTooLarge, "an intent file has at most 1 MiB"},
	{CodeNoIntents, "there is no document in any .yaml or .yml file"},
	{CodeUnreadable, "the file cannot be read"},
	{CodeNotAMapping, "a document is a mapping with apiVersion, kind, metadata and spec"},
	{CodeAPIVersion, "apiVersion is tenter/v1"},
	{CodeUnknownKind, "there is no such kind"},
	{CodeUnknownKey, "there is no such key here"},
	{CodeKeyTwice, "a key stands twice in one mapping"},
	{CodeMissingKey, "a mandatory key is missing"},
	{CodeWrongType, "the value has another type than the key"},
	{CodeNotAllowed, "the value is not one of the allowed ones"},
	{CodeOutOfRange, "the number is too small or too large"},
	{CodeMalformed, "the value cannot be read as what the key holds"},
	{CodeSecret, "a secret is named in an intent, never written into it"},
	{CodeEmpty, "the list or text is empty"},
	{CodeBadName, "a name has up to 63 lower-case letters, digits and inner hyphens"},
	{CodeCombination, "keys exclude or need each other"},
	{CodeListedTwice, "a list names the same thing twice"},
	{CodeBadTemplate, "a template of route targets or distinguishers cannot be filled in"},
	{CodeRoleLabel, "a device has the label role with the value spine or leaf"},
	{CodeCondition, "a condition (CEL) cannot be evaluated"},
	{CodeNameTwice, "two documents of one kind have the same name"},
	{CodeDangling, "a reference leads to no document"},
	{CodeNothing, "a selector matches no device, or not all that it names"},
	{CodeNoFabric, "there is no Fabric document"},
	{CodeManyFabrics, "there is more than one Fabric document"},
	{CodeDeviceID, "two devices of one role have the same id"},
	{CodeBeyondSizing, "the id is beyond the fabric's sizing"},
	{CodeVLANTwice, "two Vlans have the same VLAN id"},
	{CodeVNITwice, "a VNI is used twice"},
	{CodeEVI, "an EVI is used twice or does not fit into a route distinguisher"},
	{CodeOverlap, "two subnets of one VRF overlap"},
	{CodePoolOverlap, "two address pools overlap"},
	{CodePoolSmall, "an address pool is too small for the fabric's sizing"},
	{CodeAddressTwice, "an address is used twice"},
	{CodeASN, "autonomous systems of the fabric collide"},
	{CodeAddress, "the address or prefix cannot be used there"},
	{CodeMTU, "packets with the VXLAN overhead of 50 octets do not fit through the underlay"},
	{CodeRouteTarget, "a route target does not fit into six octets"},
	{CodePortTwice, "a port is used by two documents"},
	{CodeLinkRoles, "a link connects a spine and a leaf"},
	{CodeParallel, "there are more parallel links than the fabric's sizing allows"},
	{CodeLAGTwice, "a device has two LAGs with the same number"},
	{CodeSegmentTwice, "two LAGs have the same Ethernet segment"},
	{CodeLAGMembers, "the members do not fit the mode of the LAG"},
	{CodeHostOnSpine, "ports towards hosts and external peers are on leaves"},
	{CodeVLANNotThere, "a port carries a VLAN that its device does not have"},
	{CodeNative, "the native VLAN is not among the VLANs of the trunk"},
	{CodeNoLinks, "a device has no link to a spine or leaf"},
	{CodePrefixRange, "ge and le of a prefix are out of order or of the wrong family"},
	{CodePeerSubnet, "the peer's address is not in the subnet of the local one"},
	{CodePeerTwice, "two BGP peers are the same"},
	{CodeUnreachable, "a statement comes after one that matches every route"},
	{CodeReserved, "names that start with tenter- are reserved for what the fabric makes itself"},
	{CodePeerVRF, "one subinterface is in one VRF"},
	{CodePath, "the path cannot be read"},
	{CodePathTwice, "a path is set twice in one Config document"},
	{CodeRuleTwice, "two rules of equal precedence disagree on a path of a device"},
	{CodeSettingTwice, "two System documents disagree on a setting of a device"},
	{CodeNever, "a timetable names a time that never comes"},
	{CodeRenumber, "sizing changed, which would renumber the fabric"},
	{CodeNoRoute, "a VTEP does not reach another over every spine"},
	{CodeRouteTargets, "the route targets that one device exports are not what another imports"},
	{CodeLinkEnds, "the two ends of a link do not agree"},
	{CodeSegmentEnds, "the members of a multihomed LAG do not agree"},
	{CodeUnused, "a document is used by nothing"},
	{CodeRolloutTwice, "two Rollouts choose the same device"},
	{CodeDrain, "traffic cannot be steered away from a device"},
}
