/* SPDX-License-Identifier: MIT */
/*
 * The first C code of a service with a C library: the words that the monitor built are copied for the library, with a bound.
 * The words are bounded at 128, so the long ones are of one kind: nobody looks at what they say.
 */
#include "proofs/prover.h"

#include "services/rt/start.c"

#define ARGUMENTS 2u
#define VARIABLES 2u
#define PAIRS 2u
#define STACK (1u + ARGUMENTS + 1u + VARIABLES + 1u + 2u * PAIRS + 2u)
#define TEXT 11u

static uint64_t stack[STACK];
static uint32_t starts, inits;
static const uint64_t *handles_in;
static bool copied;

/* ---- the rest of the runtime, the C library, the monitor ---- */

void _init(void) { }
void _fini(void) { }

int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*unused)(void))
{
	const uint64_t *words = (const uint64_t *)(uintptr_t)argv - 1;

	starts++;
	PROVE(copied, "the service runs only with all of its words");
	PROVE(entry == main && init == _init && fini == _fini, "what the library is to call");
	PROVE(argc == 2 && words[0] == 2 && words[1] == stack[1] && words[2] == stack[2] && words[3] == 0, "with the arguments");
	CANARY("started");
	return 0;
}

int64_t rt_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	PROVE(number == SYS_EXIT && a == EXIT_START, "a service that cannot start ends");
	PROVE(starts == (copied ? 1u : 0u), "it was started when it could be");
	CANARY("ended");
	ASSUME(false);
	return 0;
}

static const char *found_text[2];
static uint32_t finds;

int rt_find_handle(const char *text, const char *name)
{
	if (finds < 2)
		found_text[finds] = text;
	finds++;
	return name[0] == 'l' && name[3] == '\0' ? 3 : name[0] == 'r' && name[6] == '\0' ? 4 : 5;
}

void rt_linux_init(int log_handle, int random_handle)
{
	PROVE(log_handle == 3 && random_handle == 4, "each handle is that of its name");
	inits++;
}

void stub_find_handles(const uint64_t *environment)
{
	handles_in = environment;
}

/* ---- */

void prove_text(void)
{
	char text[4], start[4];
	bool expected = true, over = false;

	text[3] = start[3] = '\0';
	for (size_t i = 0; i < 3; i++) {
		over = over || start[i] == '\0';
		expected = expected && (over || text[i] == start[i]);
	}
	PROVE(starts_with(text, start) == expected, "all of the start is there");
	CANARY("compared");
}

static bool is_handles(const char *text)
{
	return text[0] == 'H' && text[1] == 'A' && text[2] == 'N' && text[3] == 'D' && text[4] == 'L' && text[5] == 'E' && text[6] == 'S' && text[7] == '=';
}

void prove_handles(void)
{
	char first[TEXT], second[TEXT];
	uint64_t words[3] = { rt_address(first), rt_address(second), 0 };
	uint32_t expected = 0;

	first[TEXT - 1u] = second[TEXT - 1u] = '\0';
	if (any_bool())
		words[1] = 0;
	inits = finds = 0;
	expected = (is_handles(first) ? 1u : 0u) + (words[1] != 0 && is_handles(second) ? 1u : 0u);
	find_handles(words);
	PROVE(inits == expected && finds == 2u * expected, "handles are those of the variable HANDLES");
	if (is_handles(first))
		PROVE(found_text[0] == first + 8 && found_text[1] == first + 8, "in its value");
	CANARY("found");
}

/* Every word is another one; what they say does not matter, but for the ends. The first pair's value is 0, as it may be. */
static uint32_t fill_stack(uint32_t arguments, uint32_t variables, uint32_t pairs)
{
	uint32_t at = arguments + 2u + variables;

	for (uint32_t i = 0; i < STACK; i++)
		stack[i] = 100u + i;
	stack[0] = arguments;
	stack[arguments + 1u] = 0;
	stack[at++] = 0;
	if (pairs > 0)
		stack[at + 1u] = 0;
	at += 2u * pairs;
	stack[at] = 0;
	return at + 2u;
}

void prove_words(void)
{
	static uint64_t copy[WORDS_MAX];

	for (uint32_t arguments = 0; arguments <= ARGUMENTS; arguments++) {
		for (uint32_t variables = 0; variables <= VARIABLES; variables++) {
			for (uint32_t pairs = 0; pairs <= PAIRS; pairs++) {
				uint32_t all = fill_stack(arguments, variables, pairs);

				PROVE(copy_words(stack, copy), "what fits is copied");
				PROVE(handles_in == stack + arguments + 2u, "the handles are in the environment");
				for (uint32_t i = 0; i < STACK; i++)
					PROVE(i >= all || copy[i] == stack[i], "each word, in its place");
			}
		}
	}
	CANARY("copied");
}

#define LONG (WORDS_MAX + 8u)

static uint64_t many[LONG], room[WORDS_MAX];

/* Arguments, variables, and then pairs without an end. */
static bool copy_many(uint64_t arguments, uint32_t variables)
{
	for (uint32_t i = 0; i < LONG; i++)
		many[i] = i == arguments + 2u + variables || i == arguments + 1u ? 0 : 1;
	many[0] = arguments;
	return copy_words(many, room);
}

void prove_many(void)
{
	PROVE(!copy_many(0, 120) && !copy_many(0, 123) && !copy_many(0, 124) && !copy_many(0, 125), "too many words are refused");
	PROVE(!copy_many(64, 61) && !copy_many(64, 62) && !copy_many(1, 130), "whichever they are");
	PROVE(!copy_many(65, 0) && !copy_many(1ull << 63, 0), "and too many arguments");
	CANARY("refused");
	/* The last two words are an end that just fits. */
	for (uint32_t i = 0; i < LONG; i++)
		many[i] = 1;
	many[0] = 0;
	many[2 + 122] = 0;
	many[2 + 123] = 0;
	PROVE(copy_words(many, room), "what just fits is not");
	CANARY("copied");
}

void prove_beginning(void)
{
	starts = 0;
	copied = true;
	(void)fill_stack(2, 1, 1);
	rt_start(stack);
}
