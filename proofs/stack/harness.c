/* SPDX-License-Identifier: MIT */
/* The stack that a service's program starts with. */
#include "proofs/prover.h"

#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"
#include "kernel/platform/log.h"
#include "lib/elf.h"
#include "lib/string.h"

static void checked_copy(void *to, const void *from, uint64_t size);
static size_t bounded_length(const char *text);
#define memcpy(to, from, size) checked_copy(to, from, size)
#define strlen(text) bounded_length(text)
#include "kernel/proc/loader.c"
#undef memcpy
#undef strlen

static struct process the_process;
static struct program program;
static uint8_t new_page[PAGE_SIZE];

void *space_pointer(const struct space *space, va_t address, bool write)
{
	PROVE(space == &the_process.space && address.v == PROCESS_STACK_TOP - PAGE_SIZE && write, "the highest page of the stack");
	return new_page;
}

#define ENVIRONMENT_MOST 6u
#define STACK_BASE (PROCESS_STACK_TOP - PAGE_SIZE)
#define FIXED_WORDS (1 + 2 + 1 + 2 * AUX_COUNT)

static char environment[SERVICE_ENVIRONMENT_MAX];
static uint32_t environment_size, copies;
static uint64_t lowest, seed_at, name_at, environment_at, words_at, words_size;

/* Of an environment that ends with a NUL and a name that does, any string. */
static size_t bounded_length(const char *text)
{
	uint64_t length = any_u64();

	if (__CPROVER_same_object(text, environment)) {
		uint64_t at = (uint64_t)(text - environment);

		PROVE(at < environment_size, "a string of the environment");
		ASSUME(length < environment_size - at);
	} else {
		PROVE(text == the_process.name, "the name");
		ASSUME(length < SERVICE_NAME_MAX);
	}
	return length;
}

static bool on_stack(uint64_t address, uint64_t from, uint64_t size)
{
	return address >= from && address < from + size;
}

static void check_words(const uint64_t *word, uint64_t count)
{
	uint64_t strings = count - FIXED_WORDS, i = any_u8();

	PROVE(count >= FIXED_WORDS && strings <= ENVIRONMENT_STRINGS_MAX, "as many words as there are strings");
	PROVE(word[0] == 1 && word[1] == name_at && word[2] == 0, "one argument: the name");
	ASSUME(i < strings || strings == 0);
	PROVE(strings == 0 || on_stack(word[3 + i], environment_at, environment_size), "each string lies in the environment's copy");
	PROVE(word[3 + strings] == 0, "the environment ends");
	PROVE(word[count - 2] == AUX_END && word[count - 1] == 0, "the auxiliary vector ends");
	PROVE(word[count - 4] == AUX_RANDOM && word[count - 3] == seed_at, "the seed is found");
}

/* Every piece lies below the one before, inside the page. */
static void checked_copy(void *to, const void *from, uint64_t size)
{
	if (!__CPROVER_same_object(to, new_page)) {
		PROVE(size == sizeof(uint64_t) * 2 * AUX_COUNT, "the auxiliary vector");
		for (uint32_t i = 0; i < 2 * AUX_COUNT; i++)
			((uint64_t *)to)[i] = ((const uint64_t *)from)[i];
		return;
	}
	uint64_t at = (uint64_t)((uint8_t *)to - new_page);

	PROVE(at <= lowest && size <= lowest - at, "inside the page, below what was there");
	lowest = at;
	copies++;
	if (copies == 1) {
		PROVE(size == RANDOM_SIZE, "the seed");
		seed_at = STACK_BASE + at;
	} else if (copies == 2) {
		PROVE(from == the_process.name && size <= SERVICE_NAME_MAX, "the name");
		name_at = STACK_BASE + at;
	} else if (copies == 3) {
		PROVE(from == environment && size == environment_size, "the environment");
		environment_at = STACK_BASE + at;
	} else {
		PROVE(copies == 4 && size % sizeof(uint64_t) == 0, "the words");
		words_at = STACK_BASE + at;
		words_size = size;
		check_words(from, size / sizeof(uint64_t));
	}
}

int entropy_get(void *out, uint64_t size)
{
	return any_bool() ? 0 : ERR_FAULT;
}

void prove_build(void)
{
	struct service_start start = { .environment_size = any_u32() };
	va_t pointer = va(0);

	lowest = PAGE_SIZE;
	environment_size = start.environment_size;
	ASSUME(environment_size <= ENVIRONMENT_MOST);
	program.headers = any_u64();
	program.elf.segment_count = any_u16();
	program.elf.entry = any_u64();
	int error = build_stack(&the_process, &start, environment, &program, &pointer);

	PROVE(error == 0 && copies == 4, "it is built");
	PROVE(pointer.v == words_at && is_aligned(pointer.v, 16), "the program starts at its words, aligned as its ABI wants");
	PROVE(pointer.v >= STACK_BASE && pointer.v + words_size <= PROCESS_STACK_TOP, "inside the page");
	if (words_size == (FIXED_WORDS + 2) * sizeof(uint64_t))
		CANARY("two strings");
	if (environment_size == 0)
		CANARY("no environment");
}
