/* SPDX-License-Identifier: MIT */
/* Nothing to find. */
int clean(const int *number);

int clean(const int *number)
{
	return *number + 1;
}
