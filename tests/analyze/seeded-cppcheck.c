/* SPDX-License-Identifier: MIT */
/* A mistake for cppcheck to find: a loop that goes one beyond the end of an array. */
int seeded(void);

int seeded(void)
{
	int number[4], sum = 0;

	for (int i = 0; i <= 4; i++)
		number[i] = i;
	for (int i = 0; i < 4; i++)
		sum += number[i];
	return sum;
}
