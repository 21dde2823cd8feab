/* SPDX-License-Identifier: MIT */
/* A mistake for clang-tidy to find: the size of a pointer where that of what it points to is meant. */
#include <string.h>

struct record {
	char name[64];
};

void seeded(struct record *record);

void seeded(struct record *record)
{
	memset(record, 0, sizeof(record));
}
