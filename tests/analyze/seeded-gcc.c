/* SPDX-License-Identifier: MIT */
/* A mistake for gcc's analyzer to find: memory that is freed twice, on one path only. */
#include <stdio.h>
#include <stdlib.h>

int seeded(int twice);

int seeded(int twice)
{
	char *memory = malloc(16);

	if (memory == NULL)
		return 1;
	snprintf(memory, 16, "%d", twice);
	puts(memory);
	free(memory);
	if (twice > 3)
		free(memory);
	return 0;
}
