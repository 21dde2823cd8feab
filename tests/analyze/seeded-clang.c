/* SPDX-License-Identifier: MIT */
/* A mistake for clang's analyzer to find: a pointer that is NULL on one path is used on all. */
#include <stddef.h>

int seeded(const int *number, int other);

int seeded(const int *number, int other)
{
	if (number == NULL)
		other++;
	return *number + other;
}
