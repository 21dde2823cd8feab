/* SPDX-License-Identifier: MIT */
/*
 * What is built on one GHCB event. The event itself (proofs/ghcb) is replaced: the host refuses whenever it likes, and
 * answers anything while it has the event. It does not write between two reads of an answer: the checker has one thread.
 */
#include "proofs/prover.h"

#define ROUNDS 4u /* of one list */
#define LISTS 3u

#include "abi/snp.h"
#include "kernel/platform/snp/ghcb.h"
#include "kernel/x86/percpu.h"
#include "lib/string.h"

static struct ghcb the_ghcb;
static struct percpu cpu = { .ghcb = &the_ghcb, .ghcb_gpa = 0x1000 };

struct percpu *percpu_self(void)
{
	return &cpu;
}

#define KERNEL_X86_CPU_H
static uint64_t msr_value;
static uint32_t exits;
static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
	PROVE(msr == MSR_GHCB, "the GHCB's register");
	msr_value = value;
}
static inline uint64_t cpu_read_msr(uint32_t msr)
{
	return any_u64();
}
static bool ending;
static void end_here(void);
static inline void cpu_vmgexit(void)
{
	exits++;
	if (ending)
		end_here();
}

/* ---- bytes for the shared buffer ---- */

static char text[3u * GHCB_SHARED_BUFFER_SIZE];
static size_t text_size, text_done;

static void *copy(void *destination, const void *source, size_t size)
{
	PROVE(destination == the_ghcb.shared_buffer && size <= GHCB_SHARED_BUFFER_SIZE && size > 0,
	      "it fits the shared buffer");
	PROVE(source == text + text_done && size <= text_size - text_done, "the next bytes of the text");
	text_done += size;
	return destination;
}

#define memcpy copy
#include "kernel/platform/snp/ghcb.c"
#undef memcpy

/* ---- one event ---- */

static struct ghcb_event asked;
static uint32_t calls;
static bool refused;
static uint64_t answer;

/* What the host has made of a list of page-state changes. */
static bool has_list, list_wrong;
static uint32_t list_entries, list_done, list_end;

static void work_on_list(void)
{
	struct psc_header *header = (struct psc_header *)(void *)the_ghcb.shared_buffer;
	uint16_t current = any_u16(), end = any_u16();

	PROVE(!list_wrong, "a host that was wrong once is not asked again");
	PROVE(calls == 1 || list_done != list_entries, "a list that is done is not handed out again");
	ASSUME(calls <= ROUNDS);
	header->cur_entry = current;
	header->end_entry = end;
	list_wrong = current < list_done || current > list_entries || end != list_entries - 1u;
	list_done = current;
	list_end = end;
}

int stub_ghcb_call(const struct ghcb_event *event, uint64_t *info_2)
{
	PROVE(!refused, "no event follows one that was refused");
	asked = *event;
	calls++;
	if (has_list)
		work_on_list();
	else
		__CPROVER_havoc_object(&the_ghcb);
	answer = any_u64();
	refused = any_bool();
	if (refused)
		return ERR_HOST;
	if (info_2 != NULL)
		*info_2 = answer;
	return 0;
}

/* ---- registers ---- */

void prove_read_msr(void)
{
	uint32_t msr = any_u32();
	uint64_t value = 7;
	int error = ghcb_read_msr(msr, &value);

	PROVE(error == 0 || error == ERR_HOST, "done, or the host's fault");
	PROVE(calls == 1 && asked.exit_code == SVM_EXIT_MSR && asked.info_1 == 0 && asked.has_msr && asked.rcx == msr &&
		      !asked.has_rax && asked.scratch == 0,
	      "reading of this register is asked for");
	PROVE(IMPLIES(refused, error != 0), "a refusal is not success");
	PROVE(IMPLIES(error != 0, value == 7), "a refusal leaves the result alone");
	PROVE(IMPLIES(error == 0, value == ((the_ghcb.rax & UINT32_MAX) | the_ghcb.rdx << 32)),
	      "both halves of the answer");
	if (error == 0)
		CANARY("read");
	else if (!refused)
		CANARY("a register is missing in the answer");
}

void prove_write_msr(void)
{
	uint32_t msr = any_u32();
	uint64_t value = any_u64();
	int error = ghcb_write_msr(msr, value);

	PROVE(error == (refused ? ERR_HOST : 0), "done, or the host's fault");
	PROVE(calls == 1 && asked.exit_code == SVM_EXIT_MSR && asked.info_1 == 1 && asked.has_msr && asked.rcx == msr &&
		      asked.has_rax && asked.rax == (value & UINT32_MAX) && asked.rdx == value >> 32,
	      "writing of just this value is asked for");
	CANARY("asked");
}

/* ---- guest requests ---- */

void prove_guest_request(void)
{
	uint64_t request = any_u64(), response = any_u64(), data = any_u64(), pages = any_u64(), detail = any_u64();
	int error = ghcb_guest_request(request, response, data, pages, &detail);
	bool too_few = !refused && answer == GUEST_REQUEST_VMM_INVALID_LEN << GUEST_REQUEST_VMM_SHIFT && pages != 0;

	PROVE(calls == 1 && asked.info_1 == request && asked.info_2 == response, "one event names both pages");
	PROVE(asked.exit_code == (pages != 0 ? GHCB_EXIT_EXTENDED_GUEST_REQUEST : GHCB_EXIT_GUEST_REQUEST) &&
		      asked.has_rax == (pages != 0) && asked.has_rbx == (pages != 0) &&
		      IMPLIES(pages != 0, asked.rax == data && asked.rbx == pages),
	      "certificates are asked for with their pages only");
	PROVE((error == 0) == (!refused && answer == 0), "done means that the host says so");
	PROVE((error == ERR_BUSY) == (refused || answer == GUEST_REQUEST_VMM_BUSY << GUEST_REQUEST_VMM_SHIFT),
	      "not taken means that the host says so, or did nothing");
	PROVE(IMPLIES(error == ERR_OVERFLOW, too_few && detail == the_ghcb.rbx),
	      "more pages are asked for by a host that was given some");
	PROVE(error == 0 || error == ERR_BUSY || error == ERR_OVERFLOW || error == ERR_HOST, "what the header says");
	PROVE(IMPLIES(refused, detail == ~0ull) && IMPLIES(!refused && error != ERR_OVERFLOW, detail == answer),
	      "the detail is what the host said");
	if (error == 0)
		CANARY("done");
	if (error == ERR_OVERFLOW)
		CANARY("more pages");
	if (error == ERR_HOST && too_few)
		CANARY("the number of pages is missing");
}

/* ---- the console ---- */

void prove_port_write(void)
{
	uint16_t port = any_u16();

	text_size = any_u64();
	ASSUME(text_size <= sizeof(text));
	ghcb_port_write(port, text, text_size);
	PROVE(refused || text_done == text_size, "all of the text is written unless the host refuses");
	PROVE(calls <= 3, "in as few events as possible");
	PROVE(IMPLIES(calls > 0, asked.exit_code == SVM_EXIT_IOIO && asked.info_1 >> GHCB_IOIO_PORT_SHIFT == port &&
					 (asked.info_1 & GHCB_IOIO_IN) == 0 && asked.info_2 > 0 &&
					 asked.info_2 <= GHCB_SHARED_BUFFER_SIZE &&
					 asked.scratch == cpu.ghcb_gpa + offsetof(struct ghcb, shared_buffer)),
	      "bytes of the shared buffer go out at this port");
	if (calls == 3 && !refused)
		CANARY("three events");
}

/* ---- page states ---- */

void prove_run_psc(void)
{
	has_list = true;
	list_entries = any_u32();
	ASSUME(list_entries >= 1 && list_entries <= PSC_ENTRY_MAX);
	int error = run_psc(list_entries);

	PROVE(asked.exit_code == GHCB_EXIT_PSC &&
		      asked.scratch == cpu.ghcb_gpa + offsetof(struct ghcb, shared_buffer) && !asked.has_rax &&
		      !asked.has_msr && !asked.has_rbx,
	      "the list of the shared buffer");
	PROVE(error == 0 || error == ERR_HOST, "done, or the host's fault");
	PROVE(IMPLIES(error == 0, !refused && answer == 0 && !list_wrong && list_done == list_entries),
	      "done means that the host says of each entry that it is done");
	PROVE(IMPLIES(list_wrong, error == ERR_HOST), "an index that goes back or out of the list is refused");
	if (error == 0 && calls == 3)
		CANARY("done in three rounds");
	if (list_wrong && !refused && list_done < list_entries)
		CANARY("a wrong index");
}

/* Lists of any length in place of the ones that proofs/ghcb is about; each is worked on as prove_run_psc() shows. */
static uint64_t first, last, listed, changed, operation_wanted;
static uint32_t lists, listed_count;

uint32_t stub_fill_psc(struct psc_desc *list, uint64_t *at, uint64_t end, uint64_t operation)
{
	PROVE(list == (void *)the_ghcb.shared_buffer, "the list lies in the shared buffer");
	PROVE(*at == changed && *at < end && end == last && operation == operation_wanted,
	      "from where the last one ended");
	ASSUME(lists++ < LISTS);
	listed = any_u64();
	ASSUME(listed > *at && listed <= end && is_aligned(listed, PAGE_SIZE));
	*at = listed;
	listed_count = any_u32();
	ASSUME(listed_count >= 1 && listed_count <= PSC_ENTRY_MAX);
	return listed_count;
}

int stub_run_psc(uint32_t count)
{
	PROVE(!refused && listed > changed && count == listed_count, "each list is worked on once, all of it");
	refused = any_bool();
	if (refused)
		return ERR_HOST;
	changed = listed;
	return 0;
}

void prove_change(void)
{
	uint64_t size = any_u64() & ~PAGE_MASK;

	first = any_u64() & ~PAGE_MASK;
	operation_wanted = any_u64();
	ASSUME(size <= UINT64_MAX - first); /* no RAM ends behind the address space */
	last = first + size;
	changed = first;
	int error = ghcb_page_state_change(first, size, operation_wanted);

	PROVE(error == (refused ? ERR_HOST : 0), "a refusal ends it, with an error");
	PROVE(IMPLIES(error == 0, changed == last), "all pages are changed");
	if (error == 0 && lists == LISTS)
		CANARY("all lists");
	if (error != 0)
		CANARY("refused");
}

/* ---- the end ---- */

static uint8_t set, code;
static void end_here(void)
{
	PROVE(msr_value == (GHCB_MSR_TERMINATE | (uint64_t)(set & 15u) << 12 | (uint64_t)code << 16),
	      "the reason, each time");
	if (exits == 3) {
		CANARY("asked again");
		ASSUME(false);
	}
}

void prove_terminate(void)
{
	ending = true;
	if (any_bool()) {
		set = any_u8();
		code = any_u8();
		ghcb_terminate(set, code);
		PROVE(false, "it does not return, whatever the host does");
	}
	ending = false;
	uint64_t request = any_u64();
	(void)ghcb_msr_call(request);
	PROVE(exits == 1 && msr_value == request, "one exit, with the request");
	CANARY("one exchange");
}
