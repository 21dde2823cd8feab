/* SPDX-License-Identifier: MIT */
/*
 * notes.h - what in an image makes its launch digest depend on the loader, or keeps a loader from starting it. No note
 * means: every loader that follows the format gets the same digest.
 */
#ifndef IGVM_NOTES_H
#define IGVM_NOTES_H

#include "source.h"

#define NOTE_TEXT_MAX 240u
#define NOTES_MAX 16u

struct notes {
	char text[NOTES_MAX][NOTE_TEXT_MAX];
	size_t count;
};

void notes_collect(const struct source *source, uint32_t mask, struct notes *notes);

#endif
