/* SPDX-License-Identifier: MIT */
/*
 * services.h - processes for host programs: an archive in the mock's region with one program, and what must hold of all
 * processes, threads and requests at any time.
 */
#ifndef TESTS_MOCK_SERVICES_H
#define TESTS_MOCK_SERVICES_H

#include <string.h>

#include "kernel/proc/door.h"
#include "kernel/proc/process.h"
#include "kernel/x86/paging.h"
#include "tests/mock/mock.h"
#include "tests/mock/region.h"
#include "tests/unit/programs.h"

/* The loops over all page tables are nothing for a fuzzer to learn from. */
#ifdef __clang__
#define BENCH_NOT_COUNTED __attribute__((no_sanitize("coverage")))
#else
#define BENCH_NOT_COUNTED
#endif

#define BENCH_CODE 0x400000ull  /* begins with INT 0x80 */
#define BENCH_DATA 0x600000ull  /* two pages, writable */
#define BENCH_FILE_PAGES (TEST_ELF_SIZE / PAGE_SIZE)
#define BENCH_ARCHIVE_PAGES (1u + BENCH_FILE_PAGES)
#define BENCH_OWN (1ull << 9) /* mm/space.c: the page belongs to the space */

/* Program "p" of the archive: one page of code, two of data, changed by the caller before bench_archive(). */
static inline void bench_program(struct test_elf *elf)
{
	elf_begin(elf, BENCH_CODE);
	elf_add(elf, BENCH_CODE, 16, 16, ELF_FLAG_READ | ELF_FLAG_EXECUTE);
	elf_add(elf, BENCH_DATA + 0x800, 16, PAGE_SIZE, ELF_FLAG_READ | ELF_FLAG_WRITE);
	elf->segment[0].file_offset = 0x1000;
	elf->segment[1].file_offset = 0x1800;
	memcpy(elf->data + 0x1000, "\xCD\x80", 2);
	elf_store(elf);
}

static inline void bench_archive(const struct test_elf *elf)
{
	static uint8_t *data;
	struct archive_header header = { .magic = ARCHIVE_MAGIC, .count = 1, .size = BENCH_ARCHIVE_PAGES * PAGE_SIZE };
	struct archive_entry entry = { .name = "p", .offset = PAGE_SIZE, .size = TEST_ELF_SIZE };
	pa_t start;

	if (data == NULL) {
		if (memory_allocate(BENCH_ARCHIVE_PAGES, &start) != 0)
			__builtin_trap();
		data = paging_region_pointer(start);
		services_archive_base = start.v;
	}
	memset(data, 0, PAGE_SIZE);
	memcpy(data, &header, sizeof(header));
	memcpy(data + sizeof(header), &entry, sizeof(entry));
	memcpy(data + PAGE_SIZE, elf->data, TEST_ELF_SIZE);
	if (archive_open(&services_archive, data, header.size) != 0)
		__builtin_trap();
}

/* A process from "p" that holds what the first process holds. */
static inline int bench_process(struct process *parent, uint64_t limit, struct process **out)
{
	static const struct handle handles[] = { { HANDLE_LOG, 0 }, { HANDLE_RANDOM, 0 }, { HANDLE_ARCHIVE, 0 },
						 { HANDLE_DOOR, 0 } };
	const struct service_start start = { .name = "p", .file = "p", .memory_limit = limit, .handle_count = 4 };

	return process_create(&start, "", handles, parent, out);
}

static inline void bench_end_all(void)
{
	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		if (process_by_index(i)->state == PROCESS_RUNNING)
			process_end(process_by_index(i), SERVICE_EXIT_CODE, 0);
	}
	for (uint32_t i = 0; i < PROCESS_MAX; i++)
		process_by_index(i)->state = PROCESS_FREE;
}

/* Counts a frame; false: it was counted before. */
BENCH_NOT_COUNTED static inline bool bench_see(uint8_t *seen, uint64_t frame)
{
	uint64_t index = (frame - MONITOR_GPA) / PAGE_SIZE;

	if (index >= MOCK_FRAMES || seen[index] != 0)
		return false;
	seen[index] = 1;
	return true;
}

BENCH_NOT_COUNTED static inline bool bench_see_space(uint8_t *seen, const struct space *space, uint64_t *frames)
{
	const uint64_t *directory = paging_region_pointer(space->directory);
	uint64_t own = 0, tables = 3;

	for (uint32_t i = 0; i < 512; i++) {
		const uint64_t *table;

		if ((directory[i] & PTE_PRESENT) == 0)
			continue;
		tables++;
		table = paging_region_pointer(pa(directory[i] & PTE_ADDRESS_MASK & ~paging_c_bit));
		for (uint32_t j = 0; j < 512; j++) {
			if ((table[j] & PTE_WRITE) != 0 && (table[j] & PTE_NO_EXECUTE) == 0)
				return false;
			if ((table[j] & BENCH_OWN) == 0)
				continue;
			own++;
			if (!bench_see(seen, table[j] & PTE_ADDRESS_MASK & ~paging_c_bit))
				return false;
		}
	}
	*frames += own + tables;
	return own == space->own_pages && tables == space->table_pages;
}

/*
 * What process.h promises: every frame is in one place only and all frames are accounted for; no page is writable and
 * executable; a process has the threads that it counts and keeps to its limit; who works on a request, and for whom, is
 * mutual. others: frames that belong to none of these.
 */
BENCH_NOT_COUNTED static inline bool bench_holds(uint32_t others)
{
	uint8_t seen[MOCK_FRAMES] = { 0 };
	uint64_t frames = others;

	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		const struct process *process = process_by_index(i);
		uint32_t threads = 0;

		if (process->state != PROCESS_RUNNING)
			continue;
		for (uint32_t j = 0; j < THREAD_MAX; j++) {
			const struct thread *thread = thread_by_index(j);

			if (thread->state == THREAD_FREE || thread->process != process)
				continue;
			threads++;
			frames++;
			if (!bench_see(seen, paging_region_pa(thread->context).v) ||
			    (thread->taken != NULL && thread->taken->state != REQUEST_TAKEN))
				return false;
		}
		if (threads == 0 || threads != process->threads || threads > PROCESS_THREADS_MAX ||
		    process->space.own_pages > process->limit_pages + PROCESS_MESSAGE_PAGES ||
		    !bench_see_space(seen, &process->space, &frames))
			return false;
	}
	for (uint32_t i = 0; i < REQUEST_MAX; i++) {
		const struct request *request = request_by_index(i);

		if (request->state == REQUEST_FREE)
			continue;
		if (request->caller != NULL && request->caller->state != THREAD_CALLING)
			return false;
		frames += request->pages;
		for (uint32_t j = 0; j < request->pages; j++) {
			if (!bench_see(seen, request->page[j].v))
				return false;
		}
	}
	return frames == mock_frames_used;
}

#endif
