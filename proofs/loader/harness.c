/* SPDX-License-Identifier: MIT */
/* Segments of services' programs: which pages they become, and what is copied there. */
#include "proofs/prover.h"

#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"
#include "kernel/platform/log.h"
#include "lib/elf.h"
#include "lib/string.h"

#define FILE_MOST 0x4000u

static void checked_copy(void *to, const void *from, uint64_t size);
#define memcpy(to, from, size) checked_copy(to, from, size)
#include "kernel/proc/loader.c"
#undef memcpy

struct archive services_archive;
uint64_t services_archive_base;

static struct process the_process;
static struct program program;
static struct elf_segment segment;
static uint8_t *file;
static uint64_t file_size;
static uint8_t new_page[PAGE_SIZE];
static uint64_t new_address, pages, last_page;
static bool page_is_new;

static bool is_of_segment(uint64_t page)
{
	return is_aligned(page, PAGE_SIZE) && page >= SPACE_START && page < SPACE_END && page < segment.virtual_address + segment.memory_size &&
	       page + PAGE_SIZE > segment.virtual_address;
}

int process_add_page(struct process *process, va_t address, enum space_access access, bool movable)
{
	PROVE(process == &the_process && is_of_segment(address.v) && !movable, "a page of the segment");
	PROVE((access == SPACE_WRITE) == ((segment.flags & ELF_FLAG_WRITE) != 0) && access != SPACE_EXECUTE,
	      "a copy is never executable, and writable only where the segment says so");
	PROVE(IMPLIES(pages != 0, address.v == last_page + PAGE_SIZE), "page after page");
	pages++;
	last_page = new_address = address.v;
	page_is_new = any_bool();
	return page_is_new ? 0 : any_bool() ? ERR_NO_MEMORY : ERR_ADDRESS;
}

void *space_pointer(const struct space *space, va_t address, bool write)
{
	PROVE(space == &the_process.space && page_is_new && address.v == new_address, "the page that was just made");
	return new_page;
}

static void checked_copy(void *to, const void *from, uint64_t size)
{
	const uint8_t *source = from;
	uint64_t at = (uint64_t)((uint8_t *)to - new_page), in_file = (uint64_t)(source - file);

	PROVE(__CPROVER_same_object(to, new_page) && at <= PAGE_SIZE && size <= PAGE_SIZE - at, "inside the page");
	PROVE(__CPROVER_same_object(source, file) && in_file <= file_size && size <= file_size - in_file, "inside the file");
	PROVE(new_address + at - segment.virtual_address == in_file - segment.file_offset, "to where it belongs");
	PROVE(new_address + at + size <= segment.virtual_address + segment.file_size, "content and nothing else");
}

int space_map(struct space *space, va_t address, pa_t frame, enum space_access access, bool own, bool movable)
{
	uint64_t in_file = frame.v - services_archive_base - program.offset;

	PROVE(space == &the_process.space && is_of_segment(address.v) && !own && !movable, "a page of the segment");
	PROVE((segment.flags & ELF_FLAG_WRITE) == 0 && access != SPACE_WRITE, "what lies in the archive is not written");
	PROVE((access == SPACE_EXECUTE) == ((segment.flags & ELF_FLAG_EXECUTE) != 0), "executable where the segment says so");
	PROVE(is_aligned(in_file, PAGE_SIZE) && in_file < file_size, "a page of the file");
	PROVE(address.v - align_down(segment.virtual_address, PAGE_SIZE) == in_file - align_down(segment.file_offset, PAGE_SIZE),
	      "the page that belongs there");
	PROVE(IMPLIES(pages != 0, address.v == last_page + PAGE_SIZE), "page after page");
	pages++;
	last_page = address.v;
	return any_bool() ? 0 : any_bool() ? ERR_NO_MEMORY : ERR_ADDRESS;
}

/* Segments are as elf_read_segment() leaves them (proofs/elf). */
void prove_segment(void)
{
	file_size = any_u64();
	ASSUME(file_size <= FILE_MOST);
	file = __CPROVER_allocate(file_size, 0);
	services_archive_base = any_u64();
	program.offset = any_u64();
	ASSUME(is_aligned(services_archive_base, PAGE_SIZE) && is_aligned(program.offset, PAGE_SIZE));
	ASSUME(services_archive_base <= 1ull << 40 && program.offset <= 1ull << 30);
	program.elf.data = file;
	program.elf.size = file_size;
	program.elf.entry = any_u64();
	program.elf.segments_offset = any_u64();
	segment = (struct elf_segment){ .type = ELF_SEGMENT_LOAD, .flags = any_u32(), .file_offset = any_u64(),
					.virtual_address = any_u64(), .file_size = any_u64(), .memory_size = any_u64() };
	ASSUME(segment.memory_size != 0 && segment.memory_size <= 2 * PAGE_SIZE && segment.file_size <= segment.memory_size);
	ASSUME(segment.file_size == 0 || (segment.file_offset < file_size && segment.file_size <= file_size - segment.file_offset));
	ASSUME(segment.virtual_address <= UINT64_MAX - segment.memory_size);
	int error = add_segment(&the_process, &program, &segment);

	PROVE(error == 0 || error == ERR_FORMAT || error == ERR_NO_MEMORY, "a documented error");
	PROVE(IMPLIES(error == 0, last_page == align_down(segment.virtual_address + segment.memory_size - 1, PAGE_SIZE)), "all of it");
	PROVE(IMPLIES((segment.flags & (ELF_FLAG_WRITE | ELF_FLAG_EXECUTE)) == (ELF_FLAG_WRITE | ELF_FLAG_EXECUTE), error != 0 && pages == 0),
	      "no segment is both writable and executable");
	PROVE(IMPLIES(error == 0 && program.entry_is_code, (segment.flags & ELF_FLAG_EXECUTE) != 0 &&
							       program.elf.entry - segment.virtual_address < segment.memory_size),
	      "the entry is code");
	if (error == 0 && pages == 3)
		CANARY("parts of the first and last page");
	if (error == 0 && program.entry_is_code)
		CANARY("code");
	if (error == 0 && segment.file_size != segment.memory_size)
		CANARY("zeros behind the content");
}
