{{/* What all pods have in common. Each takes a dictionary of `root`, the chart's top, and `part`, the pod's name. */}}

{{- define "batchyard.labels" -}}
app.kubernetes.io/name: batchyard
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "batchyard.pod" -}}
# A Service named batchyard would put variables such as BATCHYARD_PORT into every pod, and unknown ones stop the start.
enableServiceLinks: false
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "batchyard.storage" -}}
- name: storage
  persistentVolumeClaim:
    claimName: {{ .root.Values.storage.existingClaim | default (printf "%s-storage" .root.Release.Name) }}
{{- end -}}

{{- define "batchyard.volumes" -}}
- name: secret
  secret: {secretName: {{ .root.Values.secret }}, defaultMode: 0440}
- name: tmp
  emptyDir: {sizeLimit: 5Gi} # uploads are received here, on the node's disk
- name: shm
  emptyDir: {medium: Memory, sizeLimit: 1Gi}
{{- end -}}

{{- define "batchyard.container" -}}
image: {{ .root.Values.image.repository }}:{{ .root.Values.image.version }}-{{ .device | default "cpu" }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  - {name: HOME, value: /tmp}
  - {name: XDG_CACHE_HOME, value: /tmp/.cache}
  - {name: BATCHYARD_STORAGE_DIR, value: /var/lib/batchyard}
  - {name: BATCHYARD_DATABASE_URL, value: {{ .root.Values.databaseUrl | quote }}}
  - {name: BATCHYARD_DATABASE_PASSWORD_FILE, value: /run/secrets/batchyard/database-password}
  - {name: BATCHYARD_REDIS_URL_FILE, value: /run/secrets/batchyard/redis-url}
  - {name: BATCHYARD_AUTH, value: keys}
  - {name: BATCHYARD_PUBLISHED_HOST, value: {{ .root.Values.host | quote }}}
  # The probes come as `localhost`.
  - {name: BATCHYARD_ALLOWED_HOSTS, value: {{ printf "%s,localhost" .root.Values.host | quote }}}
  - {name: BATCHYARD_TRUSTED_PROXIES, value: {{ .root.Values.trustedProxies | quote }}}
  {{- range $name, $value := .root.Values.settings }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
  {{- range $name, $value := .env }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
volumeMounts:
  - {name: storage, mountPath: /var/lib/batchyard}
  - {name: secret, mountPath: /run/secrets/batchyard, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  - {name: shm, mountPath: /dev/shm}
{{- end -}}

{{- define "batchyard.heartbeat" -}}
exec:
  command: [sh, -c, 'test -n "$(find /tmp/heartbeat -mmin -1)"']
{{- end -}}
