import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freePort } from '../../../helpers/free-port.ts'
import { type AnswerSource, receiver } from '../../../helpers/receiver.ts'
import { request } from '../../../helpers/served-host.ts'
import { reloadProject, startProject } from '../../../helpers/start-host.ts'

const managementKey = 'key-of-the-management'
const check = 'http-worker.workers'

/** A job connector whose event is done by workers alone. */
const jobs = `import { defineConnector, defineEvent } from 'carabiner'
export default defineConnector({ name: 'jobs', events: ['resize', 'measure'].map((name) => defineEvent(name)), setup() {} })
`

function yamlOf(workers: string): string {
  return `host:
  store: "memory:"
  server: { port: 0, management_key: ${managementKey} }
connectors: { jobs: ./jobs.ts, http-worker: http-worker }
http-worker:${workers}`
}

function workerAt(event: 'resize' | 'measure', url: string): string {
  return `
  - { event: ${event}, url: '${url}?token=hidden-word', mode: sync, retry: false }`
}

describe('the health of a host with workers', () => {
  it('is an error from a job that one did not take to one that it takes', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/resize`
    await using other = await receiver({ answers: [aResult] })
    const both = `${workerAt('resize', url)}${workerAt('measure', other.url)}`
    const files = { 'jobs.ts': jobs }
    await using project = await startProject(yamlOf(both), { listen: true, files })
    const look = () => request(`${project.url}/health`)
    const dispatch = async (event: string) => (await project.host.dispatch(event, {})).kind

    const atFirst = await look()
    const refused = await dispatch('resize')
    await dispatch('measure')
    const away = await look()
    const { json, text } = await request(`${project.url}/health`, {
      headers: { 'x-internal-api-key': managementKey },
    })
    const ready = await request(`${project.url}/readyz`)
    await using _back = await receiver({ port, answers: [aResult] })
    const taken = await dispatch('resize')
    const back = await look()

    const ok = { status: 'ok' }
    assert.deepEqual([refused, taken], ['failed', 'completed'])
    assert.deepEqual([atFirst.status, atFirst.json['checks']], [200, { memory: ok, [check]: ok }])
    assert.deepEqual(
      [away.status, away.json['checks']],
      [503, { memory: ok, [check]: { status: 'error' } }],
    )
    assert.match(
      String(json['checks']?.[check]?.['detail']),
      new RegExp(
        `^http-worker/resize@127\\.0\\.0\\.1:${port}: asked in vain; no answer so far; last error at \\S+: .*ECONNREFUSED`,
      ),
    )
    assert.ok(!text.includes('hidden-word'))
    assert.equal(ready.status, 200)
    assert.deepEqual([back.status, back.json['checks']], [200, { memory: ok, [check]: ok }])
  })

  it('begins anew when a reload moves the worker or takes it away', async () => {
    await using busy = await receiver({ answers: [503] })
    await using well = await receiver({ answers: [aResult] })
    const at = (url: string) => yamlOf(workerAt('resize', url))
    const files = { 'jobs.ts': jobs }
    await using project = await startProject(at(busy.url), { listen: true, files })
    const statuses = async () => {
      const { status, json } = await request(`${project.url}/health`)
      return [status, json['checks']?.[check]?.['status']]
    }

    await project.host.dispatch('resize', {})
    const away = await statuses()
    await reloadProject(project, at(well.url))
    const moved = await statuses()
    await reloadProject(project, yamlOf(' []'))
    const gone = await statuses()
    await reloadProject(project, at(busy.url))
    const returned = await statuses()

    assert.deepEqual(
      [away, moved, gone, returned],
      [
        [503, 'error'],
        [200, 'ok'],
        [200, undefined],
        [200, 'ok'],
      ],
    )
  })
})

const aResult: AnswerSource = { headers: { 'content-type': 'application/json' }, body: '{}' }
