/* SPDX-License-Identifier: MIT */
/*
 * The start of processes and threads, from any tables in which a free place names nothing. Two processes and three threads
 * with two handles stand for more; a process that is made or gets something is the second one. What the spaces, the frames
 * and the loader do is what proofs/space, proofs/frames and proofs/program show: they may fail whenever they like.
 */
#include "proofs/prover.h"

#define KERNEL_X86_USER_H /* of a thread's registers only those that its start sees */
#include "kernel/x86/traps.h"
struct user_context {
	struct trap_frame frame;
	uint64_t fs_base, fault_address;
};
void user_context_init(struct user_context *context, va_t entry, va_t stack);
#include "kernel/proc/process.h"
#undef PROCESS_MAX
#undef THREAD_MAX
#define PROCESS_MAX 2u
#define THREAD_MAX 3u

#include "kernel/proc/process.c"

static struct process processes_before[PROCESS_MAX];
static struct thread threads_before[THREAD_MAX];
static struct service_start start;
static char environment[1]; /* only handed on */
static struct handle handles[SERVICE_HANDLES_MAX];
#define made (&processes[1])
#define TICKS 10000000u /* the most that kernel/platform/snp/timer.c takes for true */

/* ---- frames ---- */

static struct user_context new_context;
static pa_t frame;
static uint32_t frames_out;

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(count == 1 && frames_out == 0, "one frame");
	if (any_bool())
		return ERR_NO_MEMORY;
	frame = pa(any_u64() & ~PAGE_MASK);
	frames_out++;
	*out = frame;
	return 0;
}

void memory_free(pa_t address, uint64_t count)
{
	PROVE(count == 1 && frames_out == 1 && address.v == frame.v, "what was allocated is given back");
	frames_out--;
}

void *paging_region_pointer(pa_t address)
{
	PROVE(frames_out == 1 && address.v == frame.v, "the new frame");
	return &new_context;
}

static va_t started_at, started_on;

void user_context_init(struct user_context *context, va_t entry, va_t stack)
{
	PROVE(context == &new_context, "registers lie in a frame of their own");
	new_context.frame.rdi = any_u64();
	started_at = entry;
	started_on = stack;
}

/* ---- spaces and the loader ---- */

static uint32_t spaces; /* that were made and not destroyed */
static bool loaded;
static va_t load_entry, load_stack;

int space_create(struct space *space)
{
	PROVE(spaces == 0, "one space");
	if (any_bool())
		return ERR_NO_MEMORY;
	made->space = (struct space){ .root = pa(any_u64()), .table_pages = 3 };
	PROVE(space == &made->space, "of the new process");
	spaces++;
	return 0;
}

void space_destroy(struct space *space)
{
	PROVE(spaces == 1 && space == &made->space, "the space that was made is destroyed, once");
	spaces--;
	made->space = (struct space){ .own_pages = 0 };
}

int loader_load(struct process *process, const struct service_start *what, const char *strings, va_t *entry, va_t *stack)
{
	PROVE(spaces == 1 && process == made && what == &start && strings == environment, "the program is loaded into the new space");
	made->space.own_pages = any_u64();
	if (any_bool())
		return any_bool() ? ERR_NOT_FOUND : any_bool() ? ERR_FORMAT : ERR_NO_MEMORY;
	loaded = true;
	*entry = load_entry = va(any_u64());
	*stack = load_stack = va(any_u64());
	return 0;
}

uint64_t platform_ticks_per_ms(void) { return TICKS; }

static uint32_t retained;

void channel_retain(struct handle end)
{
	PROVE(retained < start.handle_count && retained < SERVICE_HANDLES_MAX, "an end for each handle");
	PROVE(end.type == handles[retained % SERVICE_HANDLES_MAX].type && end.index == handles[retained % SERVICE_HANDLES_MAX].index,
	      "each is counted once");
	retained++;
}

/* ---- any tables ---- */

static bool is_empty(const struct process *process)
{
	bool good = process->threads == 0;

	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		good = good && process->handle[i].type == HANDLE_NONE;
	return good;
}

static struct process *any_process(void)
{
	return any_bool() ? &processes[0] : &processes[1];
}

static bool is_running(const struct process *process)
{
	return process == &processes[0] ? processes[0].state == PROCESS_RUNNING : processes[1].state == PROCESS_RUNNING;
}

static void any_tables(void)
{
	start = ANY(struct service_start);
	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		processes[i] = ANY(struct process);
		processes[i].state = (enum process_state)(any_u8() % 3u);
		processes[i].parent = any_bool() ? NULL : any_process();
		for (uint32_t j = 0; j < SERVICE_HANDLES_MAX; j++)
			processes[i].handle[j] = (struct handle){ (enum handle_type)(any_u8() & 7u), any_u32() };
		ASSUME(processes[i].threads <= PROCESS_THREADS_MAX);
		ASSUME(processes[i].state != PROCESS_FREE || is_empty(&processes[i]));
	}
	threads_end = any_u8() % (THREAD_MAX + 1u);
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		threads[i] = ANY(struct thread);
		threads[i].state = (enum thread_state)(any_u8() % 5u);
		threads[i].process = threads[i].state == THREAD_FREE ? NULL : any_process();
		threads[i].context = NULL;
		threads[i].taken = NULL;
		ASSUME(threads[i].state == THREAD_FREE || (is_running(threads[i].process) && i < threads_end));
	}
	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		handles[i] = (struct handle){ (enum handle_type)(any_u8() & 7u), any_u32() };
	for (uint32_t i = 0; i < PROCESS_MAX; i++)
		processes_before[i] = processes[i];
	for (uint32_t i = 0; i < THREAD_MAX; i++)
		threads_before[i] = threads[i];
}

static bool same_process(uint32_t i)
{
	const struct process *a = &processes[i], *b = &processes_before[i];
	uint32_t letter = any_u8() % SERVICE_NAME_MAX, handle = any_u8() % SERVICE_HANDLES_MAX;

	return a->state == b->state && a->name[letter] == b->name[letter] && a->space.root.v == b->space.root.v &&
	       a->space.directory.v == b->space.directory.v && a->space.own_pages == b->space.own_pages && a->limit_pages == b->limit_pages &&
	       a->handle[handle].type == b->handle[handle].type && a->handle[handle].index == b->handle[handle].index &&
	       a->upcall.v == b->upcall.v && a->threads == b->threads && a->parent == b->parent && a->exit_reason == b->exit_reason &&
	       a->exit_code == b->exit_code && a->run_limit == b->run_limit && a->run_time == b->run_time;
}

static bool same_thread(uint32_t i)
{
	const struct thread *a = &threads[i], *b = &threads_before[i];

	return a->state == b->state && a->process == b->process && a->context == b->context && a->message.v == b->message.v &&
	       a->channel == b->channel && a->taken == b->taken;
}

static bool same_threads(void) { return same_thread(0) && same_thread(1) && same_thread(2); }

static bool other_processes_stay(void) { return same_process(0); }

/* ---- threads ---- */

void prove_thread(void)
{
	va_t entry = va(any_u64()), stack = va(any_u64());
	uint64_t argument = any_u64();
	uint32_t count = 0;

	any_tables();
	ASSUME(made->state == PROCESS_RUNNING);
	uint32_t before = made->threads, end = threads_end;
	int error = thread_create(made, entry, stack, argument);

	PROVE(other_processes_stay(), "no other process changes");
	if (error != 0) {
		PROVE(error == ERR_NO_MEMORY && same_threads() && same_process(1) && frames_out == 0 && threads_end == end, "a refusal changes nothing");
		if (before == PROCESS_THREADS_MAX)
			CANARY("enough threads");
		return;
	}
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		PROVE(thread_by_index(i) == &threads[i], "threads have indexes");
		if (same_thread(i))
			continue;
		count++;
		PROVE(threads_before[i].state == THREAD_FREE && threads[i].state == THREAD_READY && threads[i].process == made &&
		      threads[i].context == &new_context && threads[i].taken == NULL, "a free place has a thread that runs");
		PROVE(i < thread_index_end() && thread_index_end() <= THREAD_MAX && thread_index_end() >= end, "it is found");
	}
	PROVE(count == 1, "no other thread changes");
	PROVE(frames_out == 1 && started_at.v == entry.v && started_on.v == stack.v && new_context.frame.rdi == argument,
	      "it starts where it should, with registers in a frame of its own");
	PROVE(before < PROCESS_THREADS_MAX && made->threads == before + 1, "it is counted, within the bound");
	if (threads_end > end)
		CANARY("a place that was never used");
}

/* ---- processes ---- */

void prove_find_free(void)
{
	any_tables();
	const struct process *found = find_free();
	uint32_t all_free = 0;

	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		PROVE(IMPLIES(found == &processes[i], processes[i].state == PROCESS_FREE), "what is found is free");
		PROVE(process_by_index(i) == &processes[i] && process_index(&processes[i]) == i, "processes have indexes");
		all_free += processes[i].state == PROCESS_FREE;
	}
	PROVE(found == NULL ? all_free == 0 : found == &processes[0] || found == &processes[1], "a place, or none is free");
	if (found == &processes[1])
		CANARY("the last one");
	if (found == NULL)
		CANARY("none");
}

/* What prove_find_free() shows; the second one stands for all. */
struct process *stub_find_free(void) { return made->state == PROCESS_FREE ? made : NULL; }

static uint32_t threads_made;

/* What prove_thread() shows. */
int stub_thread_create(struct process *process, va_t entry, va_t stack, uint64_t argument)
{
	PROVE(process == made && spaces == 1 && loaded && entry.v == load_entry.v && stack.v == load_stack.v && argument == 0 && made->threads == 0,
	      "a thread starts where the program does");
	if (any_bool())
		return ERR_NO_MEMORY;
	made->threads++;
	threads_made++;
	return 0;
}

void prove_create(void)
{
	uint32_t letter = any_u8() % (SERVICE_NAME_MAX - 1u);
	struct process *parent = any_bool() ? NULL : any_process(), *process = NULL;

	any_tables();
	bool was_free = made->state == PROCESS_FREE;
	int error = process_create(&start, environment, handles, parent, &process);

	PROVE(other_processes_stay() && same_threads(), "no other process changes");
	if (error != 0) {
		PROVE(error == ERR_NO_MEMORY || error == ERR_NOT_FOUND || error == ERR_FORMAT || error == ERR_INVALID, "a documented error");
		PROVE(process == NULL && spaces == 0 && threads_made == 0 && retained == 0, "nothing is left behind");
		PROVE(was_free ? made->state == PROCESS_FREE && is_empty(made) : same_process(1), "a free place is free again");
		if (error == ERR_INVALID)
			CANARY("a limit");
		if (loaded)
			CANARY("no room for the thread");
		if (error == ERR_FORMAT)
			CANARY("no program");
		return;
	}
	PROVE(loaded && spaces == 1 && process == made && was_free, "a free place has a program in a space of its own");
	PROVE(made->state == PROCESS_RUNNING && made->parent == parent && threads_made == 1 && made->threads == 1 && made->upcall.v == 0 &&
	      made->run_time == 0, "it runs, with one thread");
	PROVE(made->limit_pages <= LIMIT_MAX / PAGE_SIZE && made->limit_pages <= start.memory_limit / PAGE_SIZE, "its memory is limited");
	PROVE(parent == NULL ? made->run_limit == UINT64_MAX : made->run_limit <= RUN_LIMIT_MAX_MS * TICKS, "so is its time, but for the first one's");
	PROVE(made->name[letter] == start.name[letter] && made->name[SERVICE_NAME_MAX - 1] == 0, "its name ends");
	PROVE(retained == start.handle_count && retained <= SERVICE_HANDLES_MAX, "its ends are counted");
	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		PROVE(i < retained ? made->handle[i].type == handles[i].type && made->handle[i].index == handles[i].index :
				     made->handle[i].type == HANDLE_NONE, "it has the handles that it was given, and no others");
	if (retained == 1 && parent != NULL)
		CANARY("a child with a handle");
	if (parent == NULL)
		CANARY("the first one");
}

/* ---- pages ---- */

static uint64_t page_address;
static bool page_mapped, page_movable;
static uint8_t page_access;

int space_map(struct space *space, va_t address, pa_t new_frame, enum space_access access, bool own, bool movable)
{
	PROVE(space == &made->space && address.v == page_address && new_frame.v == frame.v && frames_out == 1, "the new frame, where it was asked for");
	PROVE(own && movable == page_movable && access == page_access, "as it was asked for; it is the space's own");
	if (any_bool())
		return any_bool() ? ERR_ADDRESS : ERR_NO_MEMORY;
	page_mapped = true;
	made->space.own_pages++;
	return 0;
}

void prove_page(void)
{
	page_address = any_u64();
	page_movable = any_bool();
	page_access = any_u8() % 3u;
	any_tables();
	ASSUME(made->limit_pages <= LIMIT_MAX / PAGE_SIZE);
	uint64_t before = made->space.own_pages;
	int error = process_add_page(made, va(page_address), page_access, page_movable);

	PROVE(other_processes_stay(), "no other process changes");
	PROVE(IMPLIES(before >= made->limit_pages, error == ERR_NO_MEMORY), "a process stays within its limit");
	if (error != 0) {
		PROVE((error == ERR_NO_MEMORY || error == ERR_ADDRESS) && frames_out == 0 && same_process(1), "a refusal leaves nothing behind");
		CANARY("refused");
		return;
	}
	PROVE(page_mapped && frames_out == 1 && made->space.own_pages <= made->limit_pages, "a page more");
	CANARY("a page");
}
