/* SPDX-License-Identifier: MIT */
/*
 * How a program is put together: its segments, in order, and its stack. What becomes of a segment is proved in proofs/loader,
 * of the stack's highest page in proofs/stack.
 */
#include "proofs/prover.h"

#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"
#include "kernel/platform/log.h"
#include "lib/elf.h"
#include "lib/string.h"

#include "kernel/proc/loader.c"

struct archive services_archive;
uint64_t services_archive_base;

static struct process the_process;
static struct service_start start;
static char environment[SERVICE_ENVIRONMENT_MAX];
static bool failed; /* nothing more is done then */

static int any_load_error(void) { return any_bool() ? ERR_FORMAT : ERR_NO_MEMORY; }

/* ---- segments ---- */

#define SEGMENTS_MOST 4u

static struct program program;
static struct elf_segment read_segment;
static uint32_t segments_read, due, added; /* due: what was read is to be loaded */
static bool code;

int elf_read_segment(const struct elf_file *file, uint32_t index, struct elf_segment *segment, struct elf_error *error)
{
	PROVE(file == &program.elf && index == segments_read && index < file->segment_count && !failed, "each header is read once, in order");
	PROVE(added == due, "what was read before is loaded");
	segments_read++;
	read_segment = (struct elf_segment){ .type = any_u32(), .flags = any_u32(), .file_offset = any_u64(), .virtual_address = any_u64(),
					     .file_size = any_u64(), .memory_size = any_u64() };
	*segment = read_segment;
	if (any_bool()) {
		failed = true;
		return ERR_FORMAT;
	}
	due += read_segment.type == 1 && read_segment.memory_size != 0;
	return 0;
}

int stub_add_segment(struct process *process, struct program *into, const struct elf_segment *segment)
{
	PROVE(process == &the_process && into == &program && !failed && added + 1 == due, "a segment that is to be loaded, once");
	PROVE(segment->flags == read_segment.flags && segment->file_offset == read_segment.file_offset && segment->file_size == read_segment.file_size &&
	      segment->virtual_address == read_segment.virtual_address && segment->memory_size == read_segment.memory_size, "as it was read");
	added++;
	if (any_bool()) {
		failed = true;
		return any_load_error();
	}
	if (any_bool())
		code = into->entry_is_code = true;
	return 0;
}

void prove_segments(void)
{
	program.elf.segment_count = any_u32();
	ASSUME(program.elf.segment_count <= SEGMENTS_MOST);
	int error = add_segments(&the_process, &program);

	if (error != 0) {
		PROVE((error == ERR_FORMAT || error == ERR_NO_MEMORY) && (failed || !code), "a documented error");
		if (!failed && added == 2)
			CANARY("the entry is no code");
		if (failed && added == 1)
			CANARY("one is refused");
		return;
	}
	PROVE(!failed && code, "the entry is code");
	PROVE(segments_read == program.elf.segment_count && added == due, "every segment that is to be loaded is");
	if (added == 3 && segments_read == 4)
		CANARY("three of four");
}

/* ---- the whole ---- */

static uint8_t archive_bytes[16];
static uint64_t file_offset, file_size, stack_pages;
static uint32_t step; /* 1: the file is found, 2: opened, 3: its segments are there, 4: its stack is built */
static uint64_t entry_of_file;
static uint32_t segment_count;

int archive_find(const struct archive *archive, const char *name, uint64_t *offset, uint64_t *size)
{
	PROVE(archive == &services_archive && name == start.file && step == 0, "the file is looked for in the image's archive");
	if (any_bool()) {
		failed = true;
		return ERR_NOT_FOUND;
	}
	*offset = file_offset = any_u64();
	*size = file_size = any_u64();
	ASSUME(file_offset < sizeof(archive_bytes) && file_size <= sizeof(archive_bytes) - file_offset);
	step = 1;
	return 0;
}

int elf_open(struct elf_file *file, const void *data, uint64_t size, struct elf_error *error)
{
	PROVE(step == 1 && data == archive_bytes + file_offset && size == file_size, "the file is opened, and nothing behind it");
	if (any_bool()) {
		failed = true;
		return ERR_FORMAT;
	}
	*file = (struct elf_file){ .data = data, .size = size, .entry = entry_of_file = any_u64(), .segment_count = segment_count = any_u16() };
	step = 2;
	return 0;
}

int stub_add_segments(struct process *process, struct program *into)
{
	PROVE(process == &the_process && step == 2 && into->offset == file_offset && into->elf.segment_count == segment_count && into->elf.size == file_size,
	      "the segments of that file");
	PROVE(!into->entry_is_code && into->headers == 0, "nothing is known about them before");
	if (any_bool()) {
		failed = true;
		return any_load_error();
	}
	step = 3;
	return 0;
}

int process_add_page(struct process *process, va_t address, enum space_access access, bool movable)
{
	PROVE(process == &the_process && step == 3 && !failed, "the stack comes behind the segments");
	PROVE(access == SPACE_WRITE && !movable, "to write, not to execute, not to give away");
	PROVE(stack_pages < PROCESS_STACK_PAGES && address.v == PROCESS_STACK_TOP - (stack_pages + 1) * PAGE_SIZE, "page below page");
	stack_pages++;
	if (any_bool()) {
		failed = true;
		return any_bool() ? ERR_ADDRESS : ERR_NO_MEMORY;
	}
	return 0;
}

int stub_build_stack(struct process *process, const struct service_start *what, const char *strings, const struct program *built, va_t *pointer)
{
	PROVE(process == &the_process && what == &start && strings == environment && built->elf.entry == entry_of_file, "the stack is that program's");
	PROVE(step == 3 && stack_pages == PROCESS_STACK_PAGES && !failed, "its pages are there");
	step = 4;
	*pointer = va(0x5000);
	return 0;
}

void prove_load(void)
{
	va_t entry = va(7), stack = va(7);

	services_archive.data = archive_bytes;
	services_archive.size = sizeof(archive_bytes);
	int error = loader_load(&the_process, &start, environment, &entry, &stack);

	if (error != 0) {
		PROVE(failed && step < 4 && entry.v == 7 && stack.v == 7, "something was refused, and nothing starts");
		PROVE(error == ERR_NOT_FOUND || error == ERR_FORMAT || error == ERR_NO_MEMORY, "a documented error");
		PROVE((error == ERR_NOT_FOUND) == (step == 0), "there is no such file");
		if (stack_pages == 3)
			CANARY("no room for the stack");
		return;
	}
	PROVE(!failed && step == 4 && entry.v == entry_of_file && stack.v == 0x5000, "it starts at its entry, on its stack");
	CANARY("loaded");
}
