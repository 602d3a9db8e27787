// Package infer writes intent documents for what is there already: a topology that was drawn for a lab.
//
// It is a pure function of its input: the same topology gives the same bytes. What it cannot know it takes from the
// defaults of the example fabric, and says so in the file, which is the user's to change from then on.
package infer
