/* SPDX-License-Identifier: MIT */
/* Programs from the archive: what is read-only is mapped where it lies, what is written is copied. */
#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"
#include "kernel/platform/log.h"
#include "lib/elf.h"
#include "lib/string.h"

#define AUX_END 0u
#define AUX_PROGRAM_HEADERS 3u
#define AUX_PROGRAM_HEADER_SIZE 4u
#define AUX_PROGRAM_HEADER_COUNT 5u
#define AUX_PAGE_SIZE 6u
#define AUX_ENTRY 9u
#define AUX_RANDOM 25u
#define AUX_COUNT 7u
#define RANDOM_SIZE 16u
#define ENVIRONMENT_STRINGS_MAX 32u

struct program {
	struct elf_file elf;
	uint64_t offset; /* of the file in the archive */
	bool entry_is_code; /* the entry lies in an executable segment */
	uint64_t headers; /* address of the program headers in the program; 0: not mapped */
};

static int add_private(struct process *process, const struct program *program, const struct elf_segment *segment,
		       uint64_t page)
{
	uint64_t file_end = segment->virtual_address + segment->file_size;
	uint64_t start = page > segment->virtual_address ? page : segment->virtual_address;
	uint64_t end = page + PAGE_SIZE < file_end ? page + PAGE_SIZE : file_end;
	bool write = (segment->flags & ELF_FLAG_WRITE) != 0;
	int error = process_add_page(process, va(page), write ? SPACE_WRITE : SPACE_READ, false);

	if (error == 0 && start < end) {
		uint8_t *to = space_pointer(&process->space, va(page), false);

		memcpy(to + (start - page), program->elf.data + segment->file_offset + (start - segment->virtual_address),
		       end - start);
	}
	return error;
}

static int add_shared(struct process *process, const struct program *program, const struct elf_segment *segment,
		      uint64_t page)
{
	uint64_t in_file = align_down(segment->file_offset, PAGE_SIZE) +
			   (page - align_down(segment->virtual_address, PAGE_SIZE));

	return space_map(&process->space, va(page), pa(services_archive_base + program->offset + in_file),
			 (segment->flags & ELF_FLAG_EXECUTE) != 0 ? SPACE_EXECUTE : SPACE_READ, false, false);
}

static int add_segment(struct process *process, struct program *program, const struct elf_segment *segment)
{
	bool write = (segment->flags & ELF_FLAG_WRITE) != 0, execute = (segment->flags & ELF_FLAG_EXECUTE) != 0;
	uint64_t start = align_down(segment->virtual_address, PAGE_SIZE);
	uint64_t end = segment->virtual_address + segment->memory_size;
	uint64_t headers = program->elf.segments_offset;
	int error = 0;

	if ((write && execute) || !range_within(segment->virtual_address, segment->memory_size, SPACE_START, SPACE_END) ||
	    segment->file_offset % PAGE_SIZE != segment->virtual_address % PAGE_SIZE)
		return ERR_FORMAT;
	/* A read-only segment that goes on behind its content would show what lies behind it in the file. */
	if (execute && segment->memory_size != segment->file_size)
		return ERR_FORMAT;
	for (uint64_t page = start; error == 0 && page < end; page += PAGE_SIZE)
		error = write || segment->memory_size != segment->file_size ?
				add_private(process, program, segment, page) :
				add_shared(process, program, segment, page);
	if (execute && range_within(program->elf.entry, 1, segment->virtual_address, end))
		program->entry_is_code = true;
	if (headers >= segment->file_offset && headers - segment->file_offset < segment->file_size)
		program->headers = segment->virtual_address + (headers - segment->file_offset);
	return error == ERR_ADDRESS ? ERR_FORMAT : error;
}

static int add_segments(struct process *process, struct program *program)
{
	struct elf_segment segment;
	struct elf_error elf_error;

	for (uint32_t i = 0; i < program->elf.segment_count; i++) {
		int error = elf_read_segment(&program->elf, i, &segment, &elf_error);

		if (error == 0 && segment.type == ELF_SEGMENT_LOAD && segment.memory_size != 0)
			error = add_segment(process, program, &segment);
		if (error != 0)
			return error;
	}
	return program->entry_is_code ? 0 : ERR_FORMAT;
}

/* The highest page of the stack: strings from the top, then the words that the program starts with. */
struct stack_page {
	uint8_t *page;
	uint64_t base; /* its address in the program */
	uint64_t top;  /* offset of the lowest byte in use */
};

static uint64_t push_bytes(struct stack_page *stack, const void *data, uint64_t size)
{
	stack->top -= size;
	memcpy(stack->page + stack->top, data, size);
	return stack->base + stack->top;
}

static uint64_t push_environment(struct stack_page *stack, const char *text, uint32_t size, uint64_t *strings,
				 uint32_t *count)
{
	uint64_t start = push_bytes(stack, text, size);

	for (uint32_t i = 0; i < size && *count < ENVIRONMENT_STRINGS_MAX; i += (uint32_t)strlen(text + i) + 1u)
		strings[(*count)++] = start + i;
	return start;
}

static int build_stack(struct process *process, const struct service_start *start, const char *environment,
		       const struct program *program, va_t *pointer)
{
	uint64_t words[1 + 2 + ENVIRONMENT_STRINGS_MAX + 1 + 2 * AUX_COUNT], strings[ENVIRONMENT_STRINGS_MAX];
	struct stack_page stack = { .base = PROCESS_STACK_TOP - PAGE_SIZE, .top = PAGE_SIZE };
	uint8_t random[RANDOM_SIZE];
	uint32_t count = 0, used = 0;
	uint64_t name, seed;

	stack.page = space_pointer(&process->space, va(stack.base), true);
	if (entropy_get(random, sizeof(random)) != 0)
		memset(random, 0, sizeof(random)); /* seeds the stack protector only */
	seed = push_bytes(&stack, random, sizeof(random));
	name = push_bytes(&stack, process->name, strlen(process->name) + 1u);
	push_environment(&stack, environment, start->environment_size, strings, &count);
	words[used++] = 1;
	words[used++] = name;
	words[used++] = 0;
	for (uint32_t i = 0; i < count; i++)
		words[used++] = strings[i];
	words[used++] = 0;
	const uint64_t aux[2 * AUX_COUNT] = { AUX_PROGRAM_HEADERS, program->headers,
					      AUX_PROGRAM_HEADER_SIZE, sizeof(struct elf_segment),
					      AUX_PROGRAM_HEADER_COUNT, program->elf.segment_count,
					      AUX_PAGE_SIZE, PAGE_SIZE,
					      AUX_ENTRY, program->elf.entry,
					      AUX_RANDOM, seed,
					      AUX_END, 0 };
	memcpy(&words[used], aux, sizeof(aux));
	used += ARRAY_SIZE(aux);
	stack.top = align_down(stack.top - used * sizeof(uint64_t), 16) + used * sizeof(uint64_t);
	pointer->v = push_bytes(&stack, words, used * sizeof(uint64_t));
	return 0;
}

int loader_load(struct process *process, const struct service_start *start, const char *environment, va_t *entry,
		va_t *stack)
{
	struct elf_error elf_error;
	struct program program = { .headers = 0 };
	uint64_t size;
	int error = archive_find(&services_archive, start->file, &program.offset, &size);

	if (error == 0)
		error = elf_open(&program.elf, services_archive.data + program.offset, size, &elf_error);
	if (error == 0)
		error = add_segments(process, &program);
	for (uint64_t i = 1; error == 0 && i <= PROCESS_STACK_PAGES; i++)
		error = process_add_page(process, va(PROCESS_STACK_TOP - i * PAGE_SIZE), SPACE_WRITE, false);
	if (error != 0)
		return error == ERR_ADDRESS ? ERR_FORMAT : error; /* a segment lies where the stack goes */
	*entry = va(program.elf.entry);
	return build_stack(process, start, environment, &program, stack);
}
