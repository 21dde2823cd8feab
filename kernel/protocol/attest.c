/* SPDX-License-Identifier: MIT */
/*
 * The attestation protocol: a report of the security processor over a nonce of the guest's and the manifest of one or all
 * services. A call that returns INCOMPLETE or BUSY keeps what it has begun behind the door (proc/door.h) and in the
 * mailbox (psp/psp.h); the guest issues the same call again, which reads everything anew and goes on there.
 */
#include "abi/svsm.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/proc/door.h"
#include "kernel/protocol/protocol.h"
#include "kernel/psp/psp.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"
#include "lib/string.h"

#define REQUEST_ALL_SIZE offsetof(struct svsm_attest_request, service)
#define BUFFER_MAX 0x100000u /* bounds the pages that are looked at before the call begins */
#define SERVICES_MAX 1u
#define TABLE_SIZE(count) \
	((uint32_t)(sizeof(struct svsm_services_header) + (count) * sizeof(struct svsm_services_entry)))
#define SERVICE_MANIFEST_MAX ((uint32_t)PAGE_SIZE)
#define REPORT_SIZE ((uint32_t)sizeof(struct snp_report))

/* What one call works with; one call at a time. */
struct work {
	struct svsm_attest_request request;
	bool all;
	uint8_t nonce[SVSM_ATTEST_NONCE_SIZE];
	uint32_t manifest_size;
	uint8_t manifest[TABLE_SIZE(SERVICES_MAX) + SERVICE_MANIFEST_MAX];
	struct psp_request question;
	struct psp_answer answer;
};

static struct spinlock attest_lock;
static struct work *work;
static const uint8_t guid_services[16] = SVSM_GUID_SERVICES, guid_vtpm[16] = SVSM_GUID_VTPM;

void protocol_attest_init(void)
{
	pa_t frames;

	if (work != NULL)
		return;
	if (memory_allocate(align_up(sizeof(struct work), PAGE_SIZE) / PAGE_SIZE, &frames) == 0)
		work = paging_region_pointer(frames);
	else
		log_line("no memory for the attestation protocol: it is not offered");
}

bool protocol_attest_offered(void)
{
	return work != NULL && psp_is_open();
}

/* ---- the request ---- */

static bool all_zero(const uint8_t *bytes, uint64_t size)
{
	uint8_t any = 0;

	for (uint64_t i = 0; i < size; i++)
		any |= bytes[i];
	return any == 0;
}

static int check_buffer(const struct svsm_attest_buffer *buffer)
{
	if (buffer->reserved != 0 || buffer->size > BUFFER_MAX)
		return ERR_INVALID;
	return buffer->size == 0 || is_aligned(buffer->address, PAGE_SIZE) ? 0 : ERR_INVALID;
}

/* Neither may wrap. */
static bool overlap(const struct svsm_attest_buffer *a, const struct svsm_attest_buffer *b)
{
	return a->size != 0 && b->size != 0 && ranges_overlap(a->address, a->size, b->address, b->size);
}

static int check_fields(const struct svsm_attest_request *request)
{
	if (check_buffer(&request->report) != 0 || check_buffer(&request->manifest) != 0 ||
	    check_buffer(&request->certificates) != 0)
		return ERR_INVALID;
	if (request->nonce_size != SVSM_ATTEST_NONCE_SIZE || !all_zero(request->reserved_1a, sizeof(request->reserved_1a)))
		return ERR_INVALID;
	if (work->all)
		return 0;
	if (request->manifest_version != 0 || request->reserved_54 != 0 ||
	    memcmp(request->service, guid_vtpm, sizeof(guid_vtpm)) != 0)
		return ERR_INVALID;
	return 0;
}

/* The results go to memory of the guest's alone; a buffer of size 0 is nowhere. */
static int check_memory(const struct svsm_attest_request *request)
{
	if (!guest_owns_range(gpa(request->report.address), request->report.size) ||
	    !guest_owns_range(gpa(request->manifest.address), request->manifest.size) ||
	    !guest_owns_range(gpa(request->certificates.address), request->certificates.size))
		return ERR_ADDRESS;
	if (overlap(&request->report, &request->manifest) || overlap(&request->report, &request->certificates) ||
	    overlap(&request->manifest, &request->certificates))
		return ERR_INVALID;
	return 0;
}

/* The structure and the nonce are read once; only the copies count. */
static int read_request(uint64_t address)
{
	uint64_t size = work->all ? REQUEST_ALL_SIZE : sizeof(work->request);
	int error;

	if (!is_aligned(address, sizeof(uint64_t)) || size > PAGE_SIZE - (address & PAGE_MASK))
		return ERR_INVALID;
	error = guest_read(gpa(address), &work->request, size);
	if (error == 0)
		error = check_fields(&work->request);
	if (error == 0)
		error = check_memory(&work->request);
	return error != 0 ? error : guest_read_range(gpa(work->request.nonce), work->nonce, sizeof(work->nonce));
}

/* ---- the manifest ---- */

/* ERR_STATE: the service has none, or no longer answers. */
static int service_manifest(uint8_t *out, uint32_t *size)
{
	int error = door_is_open(SVSM_PROTOCOL_VTPM) ? door_vtpm_manifest(out, SERVICE_MANIFEST_MAX, size) : ERR_STATE;

	switch (error) {
	case 0:
		return *size != 0 ? 0 : ERR_STATE;
	case ERR_BUSY:
	case ERR_INCOMPLETE:
		return error;
	case ERR_NO_MEMORY:
		return ERR_BUSY;
	default:
		return ERR_STATE;
	}
}

static int single_manifest(void)
{
	return service_manifest(work->manifest, &work->manifest_size);
}

/* A service that cannot say who it is stands in the table with length 0. */
static int all_manifests(void)
{
	uint32_t count = door_is_open(SVSM_PROTOCOL_VTPM) ? 1u : 0u, size = 0;
	struct svsm_services_header header = { .count = count };
	struct svsm_services_entry entry = { .offset = TABLE_SIZE(count) };
	int error = count == 0 ? 0 : service_manifest(work->manifest + TABLE_SIZE(count), &size);

	if (error == ERR_STATE)
		size = 0;
	else if (error != 0)
		return error;
	memcpy(header.guid, guid_services, sizeof(header.guid));
	header.size = TABLE_SIZE(count) + size;
	memcpy(work->manifest, &header, sizeof(header));
	if (count != 0) {
		memcpy(entry.guid, guid_vtpm, sizeof(entry.guid));
		entry.length = size;
		memcpy(work->manifest + sizeof(header), &entry, sizeof(entry));
	}
	work->manifest_size = header.size;
	return 0;
}

/* ---- the report ---- */

static int get_report(void)
{
	struct psp_request *question = &work->question;

	*question = (struct psp_request){ .owner = percpu_self()->index,
					  .certificates = work->request.certificates.size != 0 };
	psp_sha512(work->nonce, sizeof(work->nonce), work->manifest, work->manifest_size, question->data);
	work->answer.certificates_size = 0;
	return psp_report(question, &work->answer);
}

static int write_results(const struct svsm_attest_request *request)
{
	int error = guest_write_range(gpa(request->report.address), &work->answer.report, REPORT_SIZE);

	if (error == 0)
		error = guest_write_range(gpa(request->manifest.address), work->manifest, work->manifest_size);
	if (error == 0)
		error = guest_write_range(gpa(request->certificates.address), work->answer.certificates,
					  work->answer.certificates_size);
	return error;
}

/* ---- the call ---- */

static void set_sizes(struct vcpu_call *call, uint32_t certificates)
{
	call->rcx = work->manifest_size;
	call->rdx = certificates;
	call->r8 = REPORT_SIZE;
}

static bool all_fit(uint32_t certificates)
{
	const struct svsm_attest_request *request = &work->request;

	return REPORT_SIZE <= request->report.size && work->manifest_size <= request->manifest.size &&
	       certificates <= request->certificates.size;
}

/*
 * Size of the certificates as far as it is known before the host was asked: as large as last time; else the guest's buffer
 * does as it is.
 */
static uint32_t expected_certificates(void)
{
	uint32_t room = work->request.certificates.size, size;

	return room != 0 && psp_certificates_known(&size) ? size : room;
}

static uint64_t attest(struct vcpu_call *call)
{
	int error = read_request(call->rcx);

	if (error == 0)
		error = work->all ? all_manifests() : single_manifest();
	if (error != 0)
		return protocol_result(error);
	/* Too small a buffer is not worth a report: the sizes are the answer. */
	if (!all_fit(expected_certificates())) {
		set_sizes(call, expected_certificates());
		return SVSM_ERR_INVALID_PARAMETER;
	}
	error = get_report();
	if (error != 0)
		return error == ERR_BUSY ? SVSM_ERR_BUSY : SVSM_ERR_INVALID_REQUEST;
	if (!all_fit(work->answer.certificates_size)) {
		set_sizes(call, work->answer.certificates_size);
		return SVSM_ERR_INVALID_PARAMETER;
	}
	error = write_results(&work->request);
	if (error != 0)
		return protocol_result(error);
	set_sizes(call, work->answer.certificates_size);
	return SVSM_SUCCESS;
}

uint64_t protocol_attest(uint32_t number, struct vcpu_call *call)
{
	uint64_t result;

	if (!protocol_attest_offered())
		return SVSM_ERR_UNSUPPORTED_PROTOCOL;
	if (number != SVSM_ATTEST_SERVICES && number != SVSM_ATTEST_SINGLE_SERVICE)
		return SVSM_ERR_UNSUPPORTED_CALL;
	if (!spinlock_try(&attest_lock))
		return SVSM_ERR_BUSY;
	work->all = number == SVSM_ATTEST_SERVICES;
	result = attest(call);
	spinlock_release(&attest_lock);
	return result;
}
