/* SPDX-License-Identifier: MIT */
/*
 * A program as a whole: segments and stack share no page, and its entry is code. Followed is one page, any one, through all that
 * the loader maps; what is copied there is proved in proofs/loader, what the stack's highest page holds in proofs/stack.
 */
#include "proofs/prover.h"

#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"
#include "kernel/platform/log.h"
#include "lib/elf.h"
#include "lib/string.h"

#define memcpy(to, from, size) ((void)(to), (void)(from), (void)(size))
#include "kernel/proc/loader.c"
#undef memcpy

#define SEGMENTS 2u
#define FILE_SIZE 0x3000u

struct archive services_archive;
uint64_t services_archive_base;

static struct process the_process;
static struct service_start start;
static struct elf_segment segments[SEGMENTS];
static uint8_t file[FILE_SIZE], new_page[PAGE_SIZE];

/* The page that is followed. */
static uint64_t witness, times;
static enum space_access witness_access;
static bool witness_own, failed;

/* What space.h says of it: a page that is taken is refused. */
static int map_page(uint64_t page, enum space_access access, bool own)
{
	PROVE(!failed, "nothing is mapped behind a refusal");
	if (any_bool() || (page == witness && times != 0)) {
		failed = true;
		return page == witness && times != 0 ? ERR_ADDRESS : any_bool() ? ERR_NO_MEMORY : ERR_ADDRESS;
	}
	if (page == witness) {
		times++;
		witness_access = access;
		witness_own = own;
	}
	return 0;
}

int process_add_page(struct process *process, va_t address, enum space_access access, bool movable)
{
	return map_page(address.v, access, true);
}

int space_map(struct space *space, va_t address, pa_t frame, enum space_access access, bool own, bool movable)
{
	return map_page(address.v, access, own);
}

void *space_pointer(const struct space *space, va_t address, bool write) { return new_page; }

int archive_find(const struct archive *archive, const char *name, uint64_t *offset, uint64_t *size)
{
	*offset = 0;
	*size = FILE_SIZE;
	return 0;
}

int elf_open(struct elf_file *opened, const void *data, uint64_t size, struct elf_error *error)
{
	*opened = (struct elf_file){ .data = data, .size = size, .entry = any_u64(), .segments_offset = any_u64(), .segment_count = SEGMENTS };
	return 0;
}

/* What proofs/elf shows of it. */
int elf_read_segment(const struct elf_file *opened, uint32_t index, struct elf_segment *segment, struct elf_error *error)
{
	*segment = segments[index];
	return 0;
}

int stub_build_stack(struct process *process, const struct service_start *what, const char *strings, const struct program *program, va_t *pointer)
{
	*pointer = va(0);
	return 0;
}

static bool is_loaded(const struct elf_segment *segment)
{
	return segment->type == ELF_SEGMENT_LOAD && segment->memory_size != 0;
}

static bool covers(const struct elf_segment *segment, uint64_t page)
{
	return is_loaded(segment) && page < segment->virtual_address + segment->memory_size && page + PAGE_SIZE > segment->virtual_address;
}

void prove_apart(void)
{
	va_t entry = va(0), stack = va(0);

	services_archive.data = file;
	services_archive.size = FILE_SIZE;
	witness = (uint64_t)(any_u32() & 0x3FFFFu) << PAGE_SHIFT;
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		struct elf_segment *segment = &segments[i];

		segment->type = any_bool() ? ELF_SEGMENT_LOAD : 0;
		segment->flags = any_u8() & 7u;
		segment->virtual_address = any_u32();
		segment->memory_size = any_u16();
		segment->file_size = any_u16();
		segment->file_offset = any_u16();
		ASSUME(segment->memory_size <= PAGE_SIZE && segment->file_size <= segment->memory_size);
		ASSUME(segment->file_offset <= FILE_SIZE && segment->file_size <= FILE_SIZE - segment->file_offset);
	}
	int error = loader_load(&the_process, &start, NULL, &entry, &stack);
	bool first = covers(&segments[0], witness), second = covers(&segments[1], witness);
	bool of_stack = witness >= PROCESS_STACK_TOP - PROCESS_STACK_PAGES * PAGE_SIZE && witness < PROCESS_STACK_TOP;

	if (error != 0) {
		if (times == 1 && first && second)
			CANARY("two segments in one page");
		if (times == 1 && first && of_stack)
			CANARY("a segment in the stack");
		return;
	}
	PROVE((uint64_t)first + second + of_stack == times && times <= 1, "a page belongs to one segment, to the stack, or to nothing");
	PROVE(IMPLIES(of_stack, witness_access == SPACE_WRITE && witness_own), "the stack is written, not executed");
	PROVE(IMPLIES(times == 1 && witness_access == SPACE_EXECUTE, !witness_own), "what is executed is the archive's");
	PROVE(IMPLIES(align_down(entry.v, PAGE_SIZE) == witness, times == 1 && witness_access == SPACE_EXECUTE), "it begins in code");
	if (first)
		CANARY("a segment");
	if (of_stack)
		CANARY("the stack");
}
