// Package infer writes intent documents for what is there already: a topology that was drawn for a lab, or a network
// that runs.
//
// It is a pure function of its input: the same topology, or the same devices, give the same bytes. What it cannot know of a
// topology it takes from the defaults of the example fabric, and says so in the file, which is the user's to change from
// then on.
//
// Of running devices it reads the configuration back into the model that package render renders from, guesses documents,
// renders them by the caller's compiler and compares. What is wrong is dropped or corrected by Config documents; what is
// returned wants no change of any device. No document holds the value of a secret.
package infer
