package cli

// commands are those of EOS's configuration mode that the simulator knows, from the EOS User Manual 4.3x (chapters
// "VXLAN", "EVPN and VCS Commands", "BGP", "Layer 3 Configuration", "Port Channels and LACP", "VLANs" and "System
// Configuration"). A line with deeper ones below it opens a block. Words in capitals stand for values, 1..4094 for a
// number, a|b for a choice; REST is the rest of the line. What stands behind "=" is the value of a setting, of
// which a block has one; so is a word with "=" before it.
const commands = `
service routing protocols model = ribd|multi-agent
hostname = NAME
ip routing
ip routing vrf NAME
ipv6 unicast-routing
ipv6 unicast-routing vrf NAME
ip virtual-router mac-address = MAC
ip name-server REST
ip domain-name = NAME
dns domain = NAME
ntp server REST
logging host REST
logging source-interface = NAME
vrf instance NAME
	rd = TARGET
	description = REST
vlan VLANS
	name = NAME
	state = active|suspend
ip prefix-list NAME
	seq 1..65535 = permit|deny REST
ipv6 prefix-list NAME
	seq 1..65535 = permit|deny REST
ip community-list NAME permit|deny REST
route-map NAME permit|deny 1..16777215
	description REST
	match ip address prefix-list = NAME
	match ipv6 address prefix-list = NAME
	match community = NAME
	match source-protocol = connected|static|bgp
	set local-preference = 0..4294967295
	set metric = 0..4294967295
	set community REST
	set as-path prepend REST
interface NAME
	description = REST
	shutdown
	mtu = 68..9214
	vrf = NAME
	no switchport
	switchport
	switchport access vlan = 1..4094
	switchport mode = access|trunk|dot1q-tunnel
	switchport trunk native vlan = 1..4094
	switchport trunk allowed vlan = VLANS
	ip address = PREFIX
	ip address virtual = PREFIX
	ip address virtual PREFIX secondary
	ip virtual-router address = ADDRESS
	ipv6 enable
	ipv6 address PREFIX
	ipv6 address virtual PREFIX
	ipv6 virtual-router address = ADDRESS
	ipv6 nd ra disabled
	bfd interval = 50..60000 min-rx 50..60000 multiplier 3..50
	channel-group = 1..2000 mode on|active|passive
	lacp timer = fast|normal
	lacp system-id = MAC
	port-channel min-links = 0..32
	evpn ethernet-segment
		identifier = SEGMENT
		redundancy = all-active|single-active
		route-target import = MAC
		designated-forwarder election algorithm REST
	vxlan source-interface = NAME
	vxlan udp-port = 1024..65535
	vxlan vlan 1..4094 vni = 1..16777214
	vxlan vrf NAME vni = 1..16777214
	vxlan virtual-router encapsulation mac-address = MAC
	vxlan learn-restrict any
router bfd
	interval = 50..60000 min-rx 50..60000 multiplier 3..50 default
	multihop interval = 50..60000 min-rx 50..60000 multiplier 3..50
router bgp 1..4294967295
	router-id = ADDRESS
	shutdown
	update wait-install
	maximum-paths = 1..600
	maximum-paths = 1..600 ecmp 1..600
	bgp cluster-id = ADDRESS
	bgp log-neighbor-changes
	no bgp default ipv4-unicast
	bgp default ipv4-unicast
	bgp missing-policy direction in|out action = deny|permit|deny-in-out
	bgp missing-policy include sub-route-map direction in|out action = deny|permit
	neighbor PEER peer group
	neighbor PEER peer group = NAME
	neighbor PEER remote-as = 1..4294967295
	neighbor PEER local-as = 1..4294967295 no-prepend replace-as
	neighbor PEER local-as = 1..4294967295 no-prepend replace-as fallback
	neighbor PEER update-source = NAME
	neighbor PEER description = REST
	neighbor PEER password = REST
	neighbor PEER ebgp-multihop
	neighbor PEER ebgp-multihop = 1..255
	neighbor PEER ttl maximum-hops = 0..255
	neighbor PEER bfd
	neighbor PEER shutdown
	neighbor PEER next-hop-unchanged
	neighbor PEER next-hop-self
	neighbor PEER route-reflector-client
	neighbor PEER send-community
	neighbor PEER send-community = REST
	neighbor PEER maximum-routes = 0..4294967295
	neighbor PEER maximum-routes = 0..4294967295 warning-only
	neighbor PEER route-map =NAME in|out
	neighbor PEER rib-in pre-policy retain REST
	redistribute connected
	redistribute connected = route-map NAME
	redistribute static
	redistribute static = route-map NAME
	vlan 1..4094
		rd = TARGET
		route-target both TARGET
		route-target import TARGET
		route-target export TARGET
		redistribute learned
		redistribute router-mac
	vlan-aware-bundle NAME
		rd = TARGET
		vlan = VLANS
		route-target both TARGET
		redistribute learned
	vrf NAME
		rd = TARGET
		router-id = ADDRESS
		route-target import TARGET
		route-target export TARGET
		route-target import evpn|vpn-ipv4|vpn-ipv6 TARGET
		route-target export evpn|vpn-ipv4|vpn-ipv6 TARGET
		maximum-paths = 1..600
		maximum-paths = 1..600 ecmp 1..600
		neighbor PEER peer group = NAME
		neighbor PEER remote-as = 1..4294967295
		neighbor PEER local-as = 1..4294967295 no-prepend replace-as
		neighbor PEER update-source = NAME
		neighbor PEER description = REST
		neighbor PEER password = REST
		neighbor PEER ebgp-multihop
		neighbor PEER ebgp-multihop = 1..255
		neighbor PEER ttl maximum-hops = 0..255
		neighbor PEER bfd
		neighbor PEER shutdown
		neighbor PEER send-community
		neighbor PEER maximum-routes = 0..4294967295
		neighbor PEER maximum-routes = 0..4294967295 warning-only
		neighbor PEER route-map =NAME in|out
		redistribute connected
		redistribute connected = route-map NAME
		redistribute static
		redistribute static = route-map NAME
		address-family ipv4|ipv6
			neighbor PEER activate
			neighbor PEER route-map =NAME in|out
			redistribute connected
			redistribute connected = route-map NAME
			redistribute static
	address-family evpn
		neighbor PEER activate
		neighbor PEER route-map =NAME in|out
		neighbor PEER encapsulation = vxlan|mpls
		neighbor default encapsulation = vxlan|mpls
		host-flap detection REST
		next-hop resolution REST
	address-family ipv4|ipv6
		neighbor PEER activate
		neighbor PEER route-map =NAME in|out
		neighbor PEER next-hop address-family ipv6 originate
		redistribute connected
		redistribute connected = route-map NAME
`
