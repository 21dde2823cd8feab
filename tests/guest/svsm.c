/* SPDX-License-Identifier: MIT */
#include "tests/guest/svsm.h"

#include "abi/ghcb.h"
#include "lib/string.h"
#include "tests/guest/cpu.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/test.h"

#define FLAGS_ARITHMETIC 0x8D7ull /* CF, PF, AF, ZF, SF, OF set, interrupts off */

enum svsm_way svsm_way = SVSM_WAY_BOTH;
uint64_t svsm_caa;

static uint32_t call_count;

static uint8_t exchange_pending(struct svsm_caa *caa, uint8_t value)
{
	return __atomic_exchange_n(&caa->call_pending, value, __ATOMIC_SEQ_CST);
}

static void check_host(bool by_ghcb)
{
	uint64_t answer = cpu_read_ghcb_msr();

	if (by_ghcb)
		CHECK_EQ(ghcb_status(), GHCB_STATUS_OK);
	else
		CHECK_EQ(answer, GHCB_MSR_RUN_VMPL_RSP);
}

uint8_t svsm_enter(struct registers *registers, uint8_t call_pending)
{
	struct svsm_caa *caa = svsm_calling_area();
	bool by_ghcb = svsm_way == SVSM_WAY_GHCB || (svsm_way == SVSM_WAY_BOTH && (call_count++ & 1u) != 0);

	if (by_ghcb)
		ghcb_prepare(GHCB_EXIT_RUN_VMPL, 0, 0);
	exchange_pending(caa, call_pending);
	vmgexit(registers, by_ghcb ? ghcb_gpa() : GHCB_MSR_RUN_VMPL_REQ);
	call_pending = exchange_pending(caa, 0);
	check_host(by_ghcb);
	return call_pending;
}

static void check_untouched(const struct registers *before, const struct registers *after)
{
	CHECK_EQ(after->rbx, before->rbx);
	CHECK_EQ(after->rsi, before->rsi);
	CHECK_EQ(after->rdi, before->rdi);
	CHECK_EQ(after->rbp, before->rbp);
	CHECK_EQ(after->r9, before->r9);
	CHECK_EQ(after->r10, before->r10);
	CHECK_EQ(after->r11, before->r11);
	CHECK_EQ(after->r12, before->r12);
	CHECK_EQ(after->r13, before->r13);
	CHECK_EQ(after->r14, before->r14);
	CHECK_EQ(after->r15, before->r15);
	CHECK_EQ(after->rflags, before->rflags);
}

uint64_t svsm_call(uint32_t protocol, uint32_t number, struct svsm_args *args)
{
	struct registers before = { .rax = (uint64_t)protocol << 32 | number,
				    .rbx = 0xB0B0B0B0B0B0B0B0ull,
				    .rcx = args->rcx,
				    .rdx = args->rdx,
				    .rsi = 0x5151515151515151ull,
				    .rdi = 0xD1D1D1D1D1D1D1D1ull,
				    .rbp = 0xBFBFBFBFBFBFBFBFull,
				    .r8 = args->r8,
				    .r9 = args->r9,
				    .r10 = 0x1010101010101010ull,
				    .r11 = 0x1111111111111111ull,
				    .r12 = 0x1212121212121212ull,
				    .r13 = 0x1313131313131313ull,
				    .r14 = 0x1414141414141414ull,
				    .r15 = 0x1515151515151515ull,
				    .rflags = FLAGS_ARITHMETIC };
	struct registers after = before;

	CHECK_EQ(svsm_enter(&after, 1), 0);
	check_untouched(&before, &after);
	CHECK_EQ(after.rax >> 32, 0);
	/* An attestation may answer with sizes. */
	if (after.rax != SVSM_SUCCESS && (protocol != SVSM_PROTOCOL_ATTEST || after.rax != SVSM_ERR_INVALID_PARAMETER)) {
		CHECK_EQ(after.rcx, before.rcx);
		CHECK_EQ(after.rdx, before.rdx);
		CHECK_EQ(after.r8, before.r8);
	}
	*args = (struct svsm_args){ after.rcx, after.rdx, after.r8, after.r9 };
	return after.rax;
}

uint64_t svsm_core(uint32_t number, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct svsm_args args = { .rcx = rcx, .rdx = rdx, .r8 = r8 };

	return svsm_call(SVSM_PROTOCOL_CORE, number, &args);
}

void svsm_early_rescind(uint64_t gpa, struct registers *call)
{
	struct svsm_caa *caa = svsm_calling_area();
	const struct svsm_pvalidate_header header = { .entries = 1 };
	uint64_t entry = gpa | ENTRY_RESCIND;

	memcpy(caa->buffer, &header, sizeof(header));
	memcpy(caa->buffer + sizeof(header), &entry, sizeof(entry));
	*call = (struct registers){ .rax = SVSM_CORE_PVALIDATE, .rcx = svsm_list_place(), .rflags = 2 };
	exchange_pending(caa, 1);
	vmgexit(call, GHCB_MSR_RUN_VMPL_REQ);
	if (exchange_pending(caa, 0) != 0 || cpu_read_ghcb_msr() != GHCB_MSR_RUN_VMPL_RSP)
		call->rax = ~0ull;
}

uint64_t svsm_list_place(void)
{
	return svsm_caa + SVSM_CAA_HEADER_SIZE;
}

uint64_t svsm_list(uint64_t list, const uint64_t *entries, uint16_t count, uint16_t *next)
{
	struct svsm_pvalidate_header header = { .entries = count, .next = *next };
	uint64_t room = PAGE_SIZE - (list & PAGE_MASK) - sizeof(header);
	uint64_t size = count * sizeof(uint64_t);
	uint64_t result;

	memcpy(page_at(list), &header, sizeof(header));
	memcpy(page_at(list) + sizeof(header), entries, size < room ? size : room);
	result = svsm_core(SVSM_CORE_PVALIDATE, list, 0, 0);
	if (align_down(list, PAGE_SIZE) == svsm_caa || !probe_refused(page_at(list), PROBE_READ)) {
		memcpy(&header, page_at(list), sizeof(header));
		CHECK_EQ(header.entries, count);
		CHECK_EQ(header.reserved, 0);
		*next = header.next;
	}
	return result;
}

uint64_t svsm_entry(uint64_t entry)
{
	uint16_t next = 0;
	uint64_t result = svsm_list(svsm_list_place(), &entry, 1, &next);

	CHECK_EQ(next, result == SVSM_SUCCESS ? 1 : 0);
	return result;
}

uint64_t svsm_list_all(const uint64_t *entries, uint16_t count, uint32_t *calls)
{
	uint16_t next = 0;
	uint64_t result;

	*calls = 0;
	do {
		uint16_t before = next;

		result = svsm_list(svsm_list_place(), entries, count, &next);
		(*calls)++;
		if (result == SVSM_ERR_INCOMPLETE && next <= before) {
			CHECK(next > before);
			break;
		}
	} while (result == SVSM_ERR_INCOMPLETE);
	return result;
}
