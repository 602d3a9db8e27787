// Package blocks turns configuration text in indented blocks, as IOS, EOS and FRR show it, into lines and leaves, and
// changes of lines into the commands that make them.
//
// A line stands in its block at most once and in no order: what order commands need follows from the family's Syntax,
// which is data. A leaf of origin "cli" is one line:
//
//	cli:/line[text=router bgp 65001]/line[text=neighbor 10.0.0.1 remote-as 65100]/text
//
// Everything here is a pure function; the text may come from anybody.
package blocks
