/* SPDX-License-Identifier: MIT */
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/psp/psp.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/spinlock.h"
#include "lib/certificate_table.h"
#include "lib/string.h"
#include "lib/wipe.h"

#define SHARED_PAGES (2u + PSP_CERTIFICATE_PAGES) /* request, response, certificates */
#define PAYLOAD_MIN offsetof(struct snp_report_rsp, report)

enum state { CLOSED, FREE, ASKED, ANSWERED };

struct mailbox {
	struct guest_channel channel;
	struct psp_request request;
	uint32_t failures; /* of the message that is under way */
	uint32_t renewals; /* how often the request was sealed again, under the next number */
	uint64_t since;   /* time-stamp counter: sealed, or answered */
	uint32_t refusal; /* status of the security processor when it answered without a report; 0: there is one */
	struct psp_answer answer;
};

static struct spinlock psp_lock;
static enum state state;
static struct mailbox *mailbox;
static struct platform_message message;
static bool certificates_known, too_large_said;
static uint32_t certificates_size;

bool psp_is_open(void)
{
	return __atomic_load_n(&state, __ATOMIC_RELAXED) != CLOSED;
}

bool psp_certificates_known(uint32_t *size)
{
	*size = __atomic_load_n(&certificates_size, __ATOMIC_RELAXED);
	return __atomic_load_n(&certificates_known, __ATOMIC_RELAXED);
}

/* ---- start ---- */

static int make_mailbox(void)
{
	pa_t frames;
	int error = memory_allocate(align_up(sizeof(struct mailbox), PAGE_SIZE) / PAGE_SIZE, &frames);

	if (error != 0)
		return error;
	mailbox = paging_region_pointer(frames);
	error = memory_allocate_shared(SHARED_PAGES, &frames);
	message = (struct platform_message){ .request = frames,
					     .response = pa(frames.v + PAGE_SIZE),
					     .certificates = pa(frames.v + 2u * PAGE_SIZE) };
	return error;
}

void psp_init(struct snp_secrets_page *secrets)
{
	int error = mailbox == NULL ? make_mailbox() : 0;

	state = CLOSED;
	certificates_known = too_large_said = false;
	if (error != 0) {
		log_line("no memory for messages to the security processor (error %d): no attestation", error);
	} else if (guest_channel_init(&mailbox->channel, psp_gcm, 0, secrets->vmpck[0], secrets->msg_seqno[0]) != 0) {
		log_line("the secrets page holds no message key for VMPL0: no attestation");
	} else {
		state = FREE;
	}
	wipe(secrets->vmpck[0], sizeof(secrets->vmpck[0]));
}

/* ---- the exchange ---- */

static void close_mailbox(const char *why, uint64_t detail)
{
	guest_channel_wipe(&mailbox->channel);
	log_line("security processor: %s (0x%llx): the message key is wiped, there is no attestation any more", why,
		 (unsigned long long)detail);
	state = CLOSED;
}

/* Seals the request in the mailbox. */
static int seal(void)
{
	struct snp_report_req question = { .vmpl = 0, .flags = 0 };

	memcpy(question.user_data, mailbox->request.data, sizeof(question.user_data));
	if (guest_channel_seal(&mailbox->channel, SNP_MSG_REPORT_REQ, &question, sizeof(question)) != 0) {
		close_mailbox("message numbers are used up", mailbox->channel.number);
		return ERR_STATE;
	}
	mailbox->failures = 0;
	state = ASKED;
	return 0;
}

/*
 * A try came to nothing, and it is unknown whether the security processor counted the message. The identical one goes out
 * again, in case it did not; then one under the next number, in case it did and the answer is lost. Whoever makes all of
 * these fail, a guest that turns our pages private or a host, wants no attestation.
 */
static int try_failed(const char *why, uint64_t detail)
{
	if (mailbox->failures == 0 && mailbox->renewals == 0)
		log_line("security processor: %s (0x%llx): message %llu goes out again", why, (unsigned long long)detail,
			 (unsigned long long)mailbox->channel.number);
	if (++mailbox->failures < PSP_TRIES)
		return ERR_BUSY;
	if (mailbox->renewals == PSP_RENEWALS || guest_channel_skip(&mailbox->channel) != 0) {
		close_mailbox(why, detail);
		return ERR_STATE;
	}
	mailbox->renewals++;
	return seal() == 0 ? ERR_BUSY : ERR_STATE;
}

/* What the host wrote is copied once; a table that does not parse is as good as none. */
static void take_certificates(uint32_t pages)
{
	struct psp_answer *answer = &mailbox->answer;
	uint32_t size = 0;

	answer->certificates_size = 0;
	if (pages == 0)
		return;
	memcpy(answer->certificates, paging_region_pointer(message.certificates), pages * PAGE_SIZE);
	if (certificate_table_size(answer->certificates, (uint32_t)(pages * PAGE_SIZE), &size) != 0)
		size = 0;
	answer->certificates_size = size;
	__atomic_store_n(&certificates_size, size, __ATOMIC_RELAXED);
	__atomic_store_n(&certificates_known, true, __ATOMIC_RELAXED);
}

/* The answer is genuine; it may still be a refusal, or not what was asked for. */
static void take_report(const uint8_t *payload, uint32_t size)
{
	const struct snp_report_rsp *response = (const struct snp_report_rsp *)(const void *)payload;
	struct psp_answer *answer = &mailbox->answer;

	mailbox->refusal = ~0u;
	if (size >= PAYLOAD_MIN && response->status != 0)
		mailbox->refusal = response->status;
	else if (size >= sizeof(*response) && response->report_size == sizeof(response->report) &&
		 response->report.vmpl == 0 &&
		 memcmp(response->report.report_data, mailbox->request.data, PSP_REPORT_DATA_SIZE) == 0)
		mailbox->refusal = 0;
	if (mailbox->refusal == 0)
		memcpy(&answer->report, &response->report, sizeof(answer->report));
	else
		log_line("the security processor gives no report (status 0x%x)", mailbox->refusal);
}

/* Sends the sealed message, with room for certificates or not. */
static int send(uint32_t pages, uint64_t *detail)
{
	/*
	 * The guest can make the host turn any page private, by touching it; our own access turns it shared again. So each page
	 * is written before the host is to use it. A host without certificates leaves an empty table in this way, too. What
	 * another vCPU turns private after that makes the try fail, and there is another one.
	 */
	memset(paging_region_pointer(message.response), 0, PAGE_SIZE);
	for (uint32_t i = 0; i < PSP_CERTIFICATE_PAGES; i++)
		memset(paging_region_pointer(pa(message.certificates.v + i * PAGE_SIZE)), 0,
		       sizeof(struct snp_certificate_entry));
	memcpy(paging_region_pointer(message.request), guest_channel_request(&mailbox->channel), PAGE_SIZE);
	message.certificate_pages = pages;
	return platform_message_carry(&message, detail);
}

/* One try. 0: ANSWERED; ERR_BUSY: still ASKED; ERR_STATE: CLOSED. */
static int carry(void)
{
	uint32_t pages = mailbox->request.certificates ? PSP_CERTIFICATE_PAGES : 0, size;
	const uint8_t *payload;
	uint64_t detail;
	int error = send(pages, &detail);

	if (error == ERR_OVERFLOW) {
		if (!too_large_said)
			log_line("the host's certificates take %llu pages, more than %u: none are handed out",
				 (unsigned long long)detail, PSP_CERTIFICATE_PAGES);
		too_large_said = true;
		pages = 0;
		error = send(0, &detail);
	}
	if (error == ERR_BUSY)
		return ERR_BUSY;
	if (error != 0)
		return try_failed("the host or it refuses a message", detail);
	if (guest_channel_open(&mailbox->channel, paging_region_pointer(message.response), &payload, &size) != 0)
		return try_failed("its answer is not genuine", 0);
	take_report(payload, size);
	take_certificates(pages);
	state = ANSWERED;
	mailbox->since = cpu_read_tsc();
	return 0;
}

static bool passed(uint64_t milliseconds)
{
	return cpu_read_tsc() - mailbox->since > milliseconds * platform_ticks_per_ms();
}

static int try_again(void)
{
	int error = carry();

	return error == ERR_BUSY && passed(PSP_BUSY_MS) ? ERR_HOST : error;
}

/* ---- calls ---- */

static int begin(const struct psp_request *request)
{
	mailbox->request = *request;
	mailbox->renewals = 0;
	mailbox->since = cpu_read_tsc();
	return seal();
}

static bool is_mine(const struct psp_request *request)
{
	const struct psp_request *present = &mailbox->request;

	return present->owner == request->owner && present->certificates == request->certificates &&
	       memcmp(present->data, request->data, sizeof(request->data)) == 0;
}

/* Another request is in the mailbox: works for that, and makes room when nobody comes for its answer. 0: FREE. */
static int make_room(const struct psp_request *request)
{
	if (state == ASKED) {
		int error = try_again();

		if (error != 0)
			return error;
	}
	if (mailbox->request.owner != request->owner && !passed(PSP_PARK_MS))
		return ERR_BUSY;
	state = FREE;
	return 0;
}

static int fetch(struct psp_answer *answer)
{
	state = FREE;
	if (mailbox->refusal != 0)
		return ERR_STATE;
	answer->report = mailbox->answer.report;
	answer->certificates_size = mailbox->answer.certificates_size;
	memcpy(answer->certificates, mailbox->answer.certificates, answer->certificates_size);
	return 0;
}

static int report_locked(const struct psp_request *request, struct psp_answer *answer)
{
	int error = 0;

	if (state == CLOSED)
		return ERR_UNSUPPORTED;
	if (state != FREE && !is_mine(request))
		error = make_room(request);
	if (error == 0 && state == FREE)
		error = begin(request);
	if (error == 0 && state == ASKED)
		error = try_again();
	return error != 0 ? error : fetch(answer);
}

int psp_report(const struct psp_request *request, struct psp_answer *answer)
{
	int error;

	if (!spinlock_try(&psp_lock))
		return ERR_BUSY;
	error = report_locked(request, answer);
	spinlock_release(&psp_lock);
	return error;
}
